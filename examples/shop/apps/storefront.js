/** The page that a visitor sees: asks catalog, cart and orders at once, and shows what it got. */
import { ask, serve, userOf } from './service.js';

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

serve('storefront', {
  'GET /': async (request) => {
    const [catalog, cart, orders] = await Promise.all([
      ask('http://catalog/items', request),
      ask('http://cart/cart', request),
      ask('http://orders/orders', request),
    ]);
    const version = catalog.status === 200 ? catalog.body.version : 'none';
    return {
      headers: { 'content-type': 'text/html; charset=utf-8', 'x-catalog-version': version },
      body: page(userOf(request), catalog, cart, orders),
    };
  },
});

function page(user, catalog, cart, orders) {
  const list = catalog.status === 200 ? catalog.body.items.map(listItem).join('\n') : '';
  return `<!doctype html>
<title>Fish shop</title>
<h1>Hello ${escaped(user)}</h1>
<p>Catalog ${catalog.status === 200 ? catalog.body.version : `away (${catalog.status})`}</p>
<ul>
${list}
</ul>
<p>In your cart: ${cart.status === 200 ? cart.body.count : 'unknown'}</p>
<p>Your last order: ${orders.status === 200 ? orders.body.last.paid : 'unknown'}</p>
`;
}

function listItem({ name, price }) {
  return `  <li>${name}${price === undefined ? '' : `, ${price} shells`}</li>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]);
}
