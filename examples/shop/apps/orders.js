/**
 * The orders of a user. Whether the last one is paid is asked of payments; when payments cannot
 * say, the answer is `unknown` and not an error, so that one bad neighbour does not take the page.
 */
import { ask, serve, userOf } from './service.js';

serve('orders', {
  'GET /orders': async (request) => {
    const payment = await ask('http://payments/last', request);
    const paid = payment.status === 200 ? payment.body.state : 'unknown';
    return { body: { user: userOf(request), last: { item: 'seahorse', paid } } };
  },
});
