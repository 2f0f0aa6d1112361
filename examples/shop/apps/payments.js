/**
 * Payments: the neighbour that everybody has. SLOW_SHARE of its answers take up to SLOW_MS, and
 * FAIL_SHARE are 503. Both are between 0 and 1.
 */
import { serve, work } from './service.js';

const slowShare = Number(process.env.SLOW_SHARE ?? 0.1);
const slowMs = Number(process.env.SLOW_MS ?? 600);
const failShare = Number(process.env.FAIL_SHARE ?? 0.05);

serve('payments', {
  'GET /last': async () => {
    if (Math.random() < slowShare) await work(slowMs / 3, slowMs);
    else await work(2, 12);
    if (Math.random() < failShare) return { status: 503, body: { error: 'the bank is away' } };
    return { body: { state: 'paid' } };
  },
});
