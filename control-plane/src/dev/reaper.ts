/**
 * Ends the mesh's processes when the runner dies without a chance to: SIGKILL, out of memory.
 *
 * Applications are any program in any language, so nothing can be asked of them. One small shell
 * reads process ids from the runner; when that pipe closes, for whatever reason, it ends the groups
 * still on its list. A shell and not Node: it costs 2 MB and starts in a millisecond. Refused:
 * PR_SET_PDEATHSIG, which is Linux only and out of Node's reach.
 *
 * Called by `mesh.ts`; told by `process-group.ts`.
 */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Lines are `+ PID` and `- PID`. The list is text between spaces; a pid is digits only. */
const SCRIPT = `
trap '' HUP INT TERM
pids=' '
while read -r sign pid; do
  case "$pid" in ''|*[!0-9]*) continue ;; esac
  if [ "$sign" = + ]; then pids="$pids$pid "; else
    case "$pids" in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac
  fi
done
for pid in $pids; do kill -TERM "-$pid" 2>/dev/null; done
[ "$pids" = ' ' ] || sleep 1
for pid in $pids; do kill -KILL "-$pid" 2>/dev/null; done
exit 0
`;

export class Reaper {
  readonly #orders: Writable;
  readonly #ended: Promise<void>;

  constructor() {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    if (shell.stdin === null) throw new Error('the reaper has no input');
    this.#orders = shell.stdin;
    // Without a reaper the mesh still runs and still ends on Ctrl-C.
    this.#orders.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      shell.once('error', () => resolve());
      shell.once('exit', () => resolve());
    });
  }

  watch(pid: number): void {
    this.#orders.write(`+ ${pid}\n`);
  }

  forget(pid: number): void {
    this.#orders.write(`- ${pid}\n`);
  }

  async close(): Promise<void> {
    this.#orders.end();
    await this.#ended;
  }
}
