import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AdmissionAnswer, readReview, reviewOf } from './admission.ts';

const request = {
  uid: 'u-1',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  namespace: 'shop',
  operation: 'CREATE',
  object: { metadata: { generateName: 'catalog-' } },
};

function review(changes: object = {}): string {
  const apiVersion = 'admission.k8s.io/v1';
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', request, ...changes });
}

function asked(changes: object): ReturnType<typeof readReview> {
  return readReview(review({ request: { ...request, ...changes } }));
}

interface Answered {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string; readonly reason?: string };
    readonly warnings?: readonly string[];
    readonly patch?: string;
    readonly patchType?: string;
  };
}

function answered(answer: AdmissionAnswer): Answered['response'] {
  return (reviewOf('u-1', answer) as Answered).response;
}

describe('a review', () => {
  test('of an object without a name yet is a request with an empty one', () => {
    assert.deepEqual(readReview(review()), {
      is: 'request',
      request: {
        uid: 'u-1',
        kind: request.kind,
        namespace: 'shop',
        name: '',
        operation: 'CREATE',
        object: request.object,
        oldObject: null,
        dryRun: false,
      },
    });
  });

  test('of a subresource says which', () => {
    const reading = asked({ subResource: 'status' });
    assert.equal(reading.is === 'request' && reading.request.subResource, 'status');
  });

  test('is a dry run only where it says so', () => {
    const reading = asked({ dryRun: true });
    assert.equal(reading.is === 'request' && reading.request.dryRun, true);
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', '{', /not JSON/],
    ['a list', '[]', /not an AdmissionReview/],
    ['null', 'null', /not an AdmissionReview/],
    ['v1beta1', review({ apiVersion: 'admission.k8s.io/v1beta1' }), /not an AdmissionReview/],
    ['another kind', review({ kind: 'Pod' }), /not an AdmissionReview/],
    ['an answer', review({ request: undefined }), /uid is missing/],
  ];
  for (const [what, body, why] of refusals) {
    test(`that is ${what} is refused with the reason`, () => {
      const reading = readReview(body);
      assert.match(reading.is === 'refused' ? reading.why : 'a request', why);
    });
  }

  test('with a wrong field of its request is refused by the name of the field', () => {
    const wrong = [{ uid: '' }, { kind: null }, { operation: 'PATCH' }, { namespace: 7 }];
    for (const changes of wrong) {
      const reading = asked(changes);
      const [field = ''] = Object.keys(changes);
      assert.ok(reading.is === 'refused' && reading.why.includes(field), JSON.stringify(changes));
    }
  });

  test('property: no body makes reading throw', () => {
    fc.assert(fc.property(fc.json(), (body) => assert.ok(readReview(body).is !== undefined)));
  });
});

/** Of one to four bytes, and one that is replaced. */
const letter = fc.constantFrom('a', 'ü', '€', '😀', '\n');

describe('an answer', () => {
  test('carries the uid of its question and its patch as base64', () => {
    const patch = [{ op: 'add', path: '/metadata/labels/x', value: 'ü' }] as const;
    const { uid, allowed, patchType, patch: text = '' } = answered({ allowed: true, patch });
    assert.deepEqual(
      { uid, allowed, patchType },
      { uid: 'u-1', allowed: true, patchType: 'JSONPatch' },
    );
    assert.deepEqual(JSON.parse(Buffer.from(text, 'base64').toString()), patch);
  });

  test('without changes has no patch, since an empty one is an error to the server', () => {
    assert.equal('patch' in answered({ allowed: true, patch: [] }), false);
  });

  test('that refuses has a status, and no patch', () => {
    const patch = [{ op: 'remove', path: '/spec' }] as const;
    const response = answered({ allowed: false, message: 'no', code: 422, patch });
    assert.deepEqual(response, {
      uid: 'u-1',
      allowed: false,
      status: { code: 422, message: 'no', reason: 'Invalid' },
    });
  });

  test('that refuses without saying how is 403', () => {
    assert.equal(answered({ allowed: false }).status?.code, 403);
  });

  test('warns in single lines: the server drops what has control characters', () => {
    assert.deepEqual(answered({ allowed: true, warnings: ['a\r\nb\tc'] }).warnings, ['a b c']);
  });

  test('property: warnings stay within what the server passes on, in whole characters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: letter, size: 'max', maxLength: 300 }), { maxLength: 30 }),
        (warnings) => {
          const said = answered({ allowed: true, warnings }).warnings ?? [];
          const sizes = said.map((text) => Buffer.byteLength(text));
          assert.ok(sizes.every((size) => size <= 256));
          assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 4_096);
          assert.ok(
            said.every((text) => !text.includes('\ufffd') || warnings.join('').includes('\ufffd')),
          );
        },
      ),
    );
  });
});
