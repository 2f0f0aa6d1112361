/**
 * What every service of the shop shares: a server with a health page, and a call to a neighbour.
 *
 * Deliberately plain: no framework, no proxy library, no knowledge of Remora. A neighbour is called
 * by its cluster URL; the environment (or the cluster's redirect) leads the call to the sidecar.
 * Trace headers are passed on by hand, because no sidecar can know which call belongs to which.
 */
import { createServer } from 'node:http';

const PASSED_ON = ['traceparent', 'tracestate', 'x-request-id', 'x-user'];
const NEIGHBOUR_TIMEOUT_MS = 3_000;

/**
 * Serves `pages`, a table from `METHOD /path` to `(request, url) => answer`, until SIGTERM. An
 * answer is `{ status, headers, body }`; a body that is no string is sent as JSON.
 */
export function serve(name, pages) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    request.resume();
    const answer = await answerTo(pages, request, url).catch((error) => {
      log(name, { msg: 'failed', path: url.pathname, error: String(error) });
      return { status: 500, body: { error: String(error) } };
    });
    send(response, answer);
  });
  server.listen(Number(process.env.PORT ?? 8080), () => {
    log(name, { msg: 'listening', port: server.address().port });
  });
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

/** Asks a neighbour, passing on who asks. Never throws: status 0 means that it gave no answer. */
export async function ask(url, request) {
  const headers = {};
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(NEIGHBOUR_TIMEOUT_MS) });
    const text = await answer.text();
    return { status: answer.status, body: answer.ok ? JSON.parse(text) : text };
  } catch (error) {
    return { status: 0, body: String(error) };
  }
}

export function userOf(request) {
  return request.headers['x-user'] ?? 'a guest';
}

/** Waits as a database would. */
export function work(minMs, maxMs) {
  return new Promise((done) => setTimeout(done, minMs + Math.random() * (maxMs - minMs)));
}

async function answerTo(pages, request, url) {
  if (url.pathname === '/healthz') return { body: 'ok\n' };
  const page = pages[`${request.method} ${url.pathname}`];
  if (page === undefined) return { status: 404, body: { error: `no page ${url.pathname}` } };
  return page(request, url);
}

function send(response, { status = 200, headers = {}, body }) {
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(isText ? body : `${JSON.stringify(body)}\n`);
}

function log(service, fields) {
  console.log(JSON.stringify({ time: new Date().toISOString(), service, ...fields }));
}
