/**
 * Where spans go now: to a collector, to another one, or nowhere, as configuration says.
 *
 * The exporter is made when a collector is first named and stays, so that its counts only grow and
 * what waits follows to the next collector. Where none is named any more it takes nothing new.
 *
 * Owned by `observability.ts`. Budget: as `span-exporter.ts`, and one comparison.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { SpanExporter, type SpanExporterOptions } from './span-exporter.ts';

export class SpanOutlet {
  /** A request gets no spans only because somebody looks at it. */
  readonly wantsAll = false;
  readonly #options: Omit<SpanExporterOptions, 'url'>;
  #exporter: SpanExporter | null = null;
  #isOpen = false;

  constructor(options: Omit<SpanExporterOptions, 'url'>) {
    this.#options = options;
  }

  get exported(): number {
    return this.#exporter?.exported ?? 0;
  }

  get dropped(): number {
    return this.#exporter?.dropped ?? 0;
  }

  /** Null: nowhere. Throws where the URL can't be used: then nothing has changed. */
  use(url: string | null): void {
    if (url !== null && this.#exporter !== null) this.#exporter.redirect(url);
    else if (url !== null) this.#exporter = new SpanExporter({ ...this.#options, url });
    else this.#exporter?.takeLate();
    this.#isOpen = url !== null;
  }

  add(record: RequestRecord): void {
    if (this.#isOpen) this.#exporter?.add(record);
  }

  /** A record more is late: the exporter takes it with its next batch. */
  onLate(): void {
    if (this.#isOpen) this.#exporter?.onLate();
  }

  async close(): Promise<void> {
    await this.#exporter?.close();
  }
}
