/**
 * Shows the view: a picture that is drawn over on a terminal, lines where there is none.
 *
 * A frame is written in one piece and only when it differs, at most twice a second: a terminal over
 * a slow line must keep up, and what does not move can be read and copied. The alternate screen is
 * used, so that the user's own scrollback is as it was when the view ends.
 *
 * Called by the verb `dev`.
 */
import type { Terminal } from '../cli/verb.ts';
import { PlainLines } from './plain-lines.ts';
import { renderView } from './view.ts';
import type { ViewState } from './view-state.ts';

const FRAME_MS = 500;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';

export class Screen {
  readonly #terminal: Terminal;
  readonly #state: () => ViewState;
  readonly #hasColor: boolean;
  readonly #isLive: boolean;
  readonly #plain: PlainLines;
  readonly #timer: NodeJS.Timeout;
  readonly #leave = () => this.#terminal.write(LEAVE);
  #lastFrame = '';

  constructor(
    terminal: Terminal,
    env: Readonly<Record<string, string | undefined>>,
    state: () => ViewState,
  ) {
    this.#terminal = terminal;
    this.#state = state;
    this.#isLive = terminal.isTTY === true && env['TERM'] !== 'dumb';
    this.#hasColor = this.#isLive && (env['NO_COLOR'] ?? '') === '';
    this.#plain = new PlainLines();
    if (this.#isLive) {
      terminal.write(ENTER);
      // However the process ends, the cursor comes back.
      process.on('exit', this.#leave);
    }
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    if (!this.#isLive) return;
    process.off('exit', this.#leave);
    this.#leave();
  }

  #draw(): void {
    const state = this.#state();
    if (!this.#isLive) {
      for (const line of this.#plain.next(state)) this.#terminal.write(`${line}\n`);
      return;
    }
    const { columns = 80, rows = 24 } = this.#terminal;
    const lines = renderView(state, { columns, rows, hasColor: this.#hasColor });
    const frame = lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    if (frame === this.#lastFrame) return;
    this.#lastFrame = frame;
    this.#terminal.write(`${HOME}${frame}${CLEAR_REST}`);
  }
}
