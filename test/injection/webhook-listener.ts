/**
 * An HTTPS listener that answers an API server's reviews by one judgement, as the control plane's
 * own does: only as much of it as shows that what is answered is understood.
 *
 * Used by `injection-in-cluster.test.ts`. Listens on loopback.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Admit, readReview, reviewOf } from '../../control-plane/src/webhook/admission.ts';

export interface WebhookListener extends AsyncDisposable {
  readonly url: string;
}

/** With the certificate that the API server of this folder has itself: it is for loopback. */
export async function listenForReviews(folder: string, admit: Admit): Promise<WebhookListener> {
  const [cert, key] = await Promise.all(
    ['apiserver.crt', 'apiserver.key'].map(
      async (name) => await readFile(join(folder, 'pki', name)),
    ),
  );
  const server = createServer({ cert, key }, async (request, response) => {
    const reading = readReview(await text(request));
    if (reading.is === 'refused') {
      response.writeHead(400).end(reading.why);
      return;
    }
    const answer = await admit(reading.request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reviewOf(reading.request.uid, answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/inject`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}
