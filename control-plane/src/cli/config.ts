/** `remora config PROXY`: what this proxy has in force, which may not be what was wanted. */
import { proxyNamed } from '../proxy-names.ts';
import {
  askControlPlane,
  askPage,
  CONTROL_OPTION,
  refusalOf,
  tellRefusal,
} from './control-client.ts';
import { configLines } from './config-text.ts';
import { EXIT_OK, EXIT_UNAVAILABLE } from './exit-codes.ts';
import { painterOf } from './painter.ts';
import { JSON_OPTION, type Verb } from './verb.ts';

const NOT_FOUND = 404;

export const config: Verb = {
  usage: 'config <proxy>',
  summary: 'Show what a proxy has in force: destinations, versions, rules, endpoints.',
  group: 'Look:',
  options: [JSON_OPTION, CONTROL_OPTION],

  async run([name = ''], options, io) {
    const { status, code } = await askControlPlane(options, io);
    if (status === null) return code;
    // Each replica knows its own proxies only, so a name is looked up among those of all.
    const keys = status.proxies.map((proxy) => `${proxy.namespace}/${proxy.name}`);
    const key = proxyNamed(name, keys);
    if (typeof key !== 'string') return tellRefusal(refusalOf(NOT_FOUND, key), io);
    const path = `/v1/proxies/${encodeURIComponent(key)}/config`;
    const page = await askPage<unknown>(options, io, path);
    if (page.refusal !== null) return tellRefusal(page.refusal, io);
    if (options['json'] === true) {
      io.out(JSON.stringify(page.body, null, 2));
      return EXIT_OK;
    }
    const lines = configLines(name, page.body);
    if (lines === null) {
      io.err(`The configuration of ${name} cannot be read: it is of another version.`);
      io.err('`--json` prints it as it is.');
      return EXIT_UNAVAILABLE;
    }
    const painter = painterOf(io);
    for (const line of lines) painter.line(line);
    return EXIT_OK;
  },
};
