/**
 * The catalog, in two versions: VERSION=v1 lists three fish, v2 adds a fourth and prices. It never
 * fails by itself, so a failed request to it in a demonstration or a test is the mesh's fault.
 */
import { serve, work } from './service.js';

const version = process.env.VERSION ?? 'v1';
const fish = [
  { name: 'clownfish', price: 12 },
  { name: 'seahorse', price: 30 },
  { name: 'moray', price: 85 },
  { name: 'remora', price: 9 },
];
const items = version === 'v1' ? fish.slice(0, 3).map(({ name }) => ({ name })) : fish;

serve(`catalog-${version}`, {
  'GET /items': async () => {
    await work(1, version === 'v1' ? 6 : 4);
    return { headers: { 'x-catalog-version': version }, body: { version, items } };
  },
});
