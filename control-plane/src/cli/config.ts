/** `remora config PROXY`: what this proxy has in force, which may not be what was wanted. */
import { askPage, CONTROL_OPTION, tellRefusal } from './control-client.ts';
import { configLines } from './config-text.ts';
import { EXIT_OK, EXIT_UNAVAILABLE } from './exit-codes.ts';
import { painterOf } from './painter.ts';
import { JSON_OPTION, type Verb } from './verb.ts';

export const config: Verb = {
  usage: 'config <proxy>',
  summary: 'Show what a proxy has in force: destinations, versions, rules, endpoints.',
  group: 'Look:',
  options: [JSON_OPTION, CONTROL_OPTION],

  async run([name = ''], options, io) {
    const path = `/v1/proxies/${encodeURIComponent(name)}/config`;
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
