/**
 * Frames of a picture that is drawn over on a terminal.
 *
 * A frame is written in one piece and only when it differs: a terminal over a slow line must keep
 * up, and what does not move can be read and copied. The alternate screen is used, so that the
 * user's own scrollback is as it was when the view ends.
 *
 * Called by `screen.ts` and the verb `top`.
 */
import type { Terminal } from '../cli/verb.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';

export class Frames {
  readonly #terminal: Terminal;
  readonly #leave = () => this.#terminal.write(LEAVE);
  #last = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write(ENTER);
    // However the process ends, the cursor comes back.
    process.on('exit', this.#leave);
  }

  draw(lines: readonly string[]): void {
    const frame = lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    if (frame === this.#last) return;
    this.#last = frame;
    this.#terminal.write(`${HOME}${frame}${CLEAR_REST}`);
  }

  close(): void {
    process.off('exit', this.#leave);
    this.#leave();
  }
}
