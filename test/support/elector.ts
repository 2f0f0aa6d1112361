/**
 * A process that stands for election, and says on stdout when it leads and when it no longer does.
 *
 * What it says is `isLeader()` as it would be asked before a write, sampled; not the callbacks,
 * which may be late. SIGTERM: it gives the Lease back.
 *
 * `node test/support/elector.ts KUBECONFIG NAMESPACE LEASE IDENTITY`
 */
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import { LeaderElection } from '../../control-plane/src/kube/lease.ts';

const SAMPLE_MS = 20;

const [file = '', namespace = '', name = '', identity = ''] = process.argv.slice(2);
const client = new KubeClient(readKubeconfig(file), { userAgent: 'remora-elector' });
const election = new LeaderElection({
  client,
  namespace,
  name,
  identity,
  onElected: () => say({ heard: 'elected' }),
  onLost: (why) => say({ heard: 'lost', why }),
  onProblem: (why) => process.stderr.write(`${why}\n`),
});
let was = false;

election.start();
say({ msg: 'ready' });
setInterval(sample, SAMPLE_MS);
process.once('SIGTERM', () => {
  void election
    .close()
    .then(() => client.close())
    .then(() => process.exit(0));
});

function sample(): void {
  const is = election.isLeader();
  if (is !== was) say({ leads: is });
  was = is;
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify({ ...what, atMs: Date.now() })}\n`);
}
