/** The cart: what a user has put aside, made up from the user's name so that it needs no store. */
import { serve, userOf, work } from './service.js';

serve('cart', {
  'GET /cart': async (request) => {
    await work(1, 3);
    const user = userOf(request);
    return { body: { user, count: user.length % 4 } };
  },
});
