/**
 * Shows the view: a picture that is drawn over on a terminal, lines where there is none.
 *
 * At most twice a second: a terminal over a slow line must keep up.
 *
 * Called by the verb `dev`.
 */
import { hasColor, isLive } from '../cli/painter.ts';
import type { Terminal } from '../cli/verb.ts';
import { Frames } from './frames.ts';
import { PlainLines } from './plain-lines.ts';
import { renderView } from './view.ts';
import type { ViewState } from './view-state.ts';

const FRAME_MS = 500;

export class Screen {
  readonly #terminal: Terminal;
  readonly #state: () => ViewState;
  readonly #hasColor: boolean;
  readonly #frames: Frames | null;
  readonly #plain = new PlainLines();
  readonly #timer: NodeJS.Timeout;

  constructor(
    terminal: Terminal,
    env: Readonly<Record<string, string | undefined>>,
    state: () => ViewState,
  ) {
    this.#terminal = terminal;
    this.#state = state;
    this.#hasColor = hasColor({ terminal, env });
    this.#frames = isLive({ terminal, env }) ? new Frames(terminal) : null;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#frames?.close();
  }

  #draw(): void {
    const state = this.#state();
    if (this.#frames === null) {
      for (const line of this.#plain.next(state)) this.#terminal.write(`${line}\n`);
      return;
    }
    const { columns = 80, rows = 24 } = this.#terminal;
    this.#frames.draw(renderView(state, { columns, rows, hasColor: this.#hasColor }));
  }
}
