/** Under which key a configuration may come into force. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlWorld, destinationConfig, textOf } from './control-fixture.ts';

describe('a configuration', () => {
  test('comes into force under the address asked for, as the Service that has it', async () => {
    const { installer, live } = new ControlWorld();
    const text = { ...textOf(destinationConfig('catalog')), key: '[fd00::7]:80' };
    assert.equal(await installer.install(text), null);
    assert.equal(live.lookup('[fd00::7]:80')?.key, 'catalog.shop:80');
    assert.equal(live.isInForce(text), true);
    assert.deepEqual([...live.texts()], [text], 'kept under what it is asked for by');
  });

  test('is refused under the name of another', async () => {
    const { installer, live } = new ControlWorld();
    const text = { ...textOf(destinationConfig('catalog')), key: 'cart.shop:80' };
    assert.match((await installer.install(text)) ?? '', /catalog\.shop:80 under the key cart/);
    assert.equal(live.lookup('cart.shop:80'), null);
  });
});
