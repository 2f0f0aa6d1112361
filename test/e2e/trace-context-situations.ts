/**
 * The situations that the W3C's own test suite for Trace Context puts an implementation in: what
 * comes, and what must go on. Named as there, so that the two can be compared.
 *
 * Ours says more than the suite asks: exactly which members of `tracestate` the next one sees.
 * Where the suite leaves a choice (a key given twice), what we chose. Data only.
 */
import type { Fields } from '../support/message-reader.ts';

export const TRACE = '12345678901234567890123456789012';
export const SPAN = '1234567890123456';

export interface Step {
  readonly sent: Fields;
  /** Whether the trace that was sent goes on; else a new one must begin. */
  readonly continues: boolean;
  /** Every member of tracestate that goes on, in order. */
  readonly state: readonly string[];
  /** Of the traceparent, where they are foretold. */
  readonly flags?: string;
  /** How often the same is sent; each must get a span of its own. */
  readonly times?: number;
}

const continued = (...sent: Fields): Step => ({ sent, continues: true, state: [] });
const begun = (...sent: Fields): Step => ({ sent, continues: false, state: [] });

/** A valid parent whose tracestate fields are these. */
function stated(values: readonly string[], state: readonly string[], name = 'tracestate'): Step {
  const fields = values.map((value) => [name, value] as const);
  const sent: Fields = [['traceparent', `00-${TRACE}-${SPAN}-00`], ...fields];
  return { sent, continues: true, state, flags: '00' };
}

const kept = (...values: readonly string[]): Step =>
  stated(
    values,
    values.flatMap((value) => value.split(',')).filter((member) => member !== ''),
  );
const discarded = (...values: readonly string[]): Step => stated(values, []);
const parent = (value: string): readonly [string, string] => ['traceparent', value];

const VALID = parent(`00-${TRACE}-${SPAN}-01`);
const SPACED = ['foo=1', 'bar=2', 'baz=3'];
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
/** All that may stand in a value. */
const VALUE = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))
  .filter((char) => char !== ',' && char !== '=')
  .join('');

function bars(from: number, to: number): string {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`.padStart(2, '0'));
  return numbers.map((number) => `bar${number}=${number}`).join(',');
}

const traceparents: Readonly<Record<string, readonly Step[]>> = {
  test_both_traceparent_and_tracestate_missing: [begun()],
  test_traceparent_included_tracestate_missing: [{ ...continued(VALID), flags: '01' }],
  test_traceparent_duplicated: [begun(parent(`00-${TRACE.slice(1)}1-${SPAN}-01`), VALID)],
  test_traceparent_header_name: [
    begun(['trace-parent', VALID[1]]),
    begun(['trace.parent', VALID[1]]),
  ],
  test_traceparent_header_name_valid_casing: [
    continued(['TraceParent', VALID[1]]),
    continued(['TrAcEpArEnT', VALID[1]]),
    continued(['TRACEPARENT', VALID[1]]),
  ],
  test_traceparent_version_0x00: [
    begun(parent(`${VALID[1]}.`)),
    begun(parent(`${VALID[1]}-what-the-future-will-be-like`)),
  ],
  test_traceparent_version_0xcc: [
    continued(parent(`cc-${TRACE}-${SPAN}-01`)),
    continued(parent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`)),
    begun(parent(`cc-${TRACE}-${SPAN}-01.what-the-future-will-be-like`)),
  ],
  test_traceparent_version_0xff: [begun(parent(`ff-${TRACE}-${SPAN}-01`))],
  test_traceparent_version_illegal_characters: [
    begun(parent(`.0-${TRACE}-${SPAN}-01`)),
    begun(parent(`0.-${TRACE}-${SPAN}-01`)),
  ],
  test_traceparent_version_too_long: [
    begun(parent(`000-${TRACE}-${SPAN}-01`)),
    begun(parent(`0000-${TRACE}-${SPAN}-01`)),
  ],
  test_traceparent_version_too_short: [begun(parent(`0-${TRACE}-${SPAN}-01`))],
  test_traceparent_trace_id_all_zero: [begun(parent(`00-${'0'.repeat(32)}-${SPAN}-01`))],
  test_traceparent_trace_id_illegal_characters: [
    begun(parent(`00-.${TRACE.slice(1)}-${SPAN}-01`)),
    begun(parent(`00-${TRACE.slice(0, 31)}.-${SPAN}-01`)),
  ],
  test_traceparent_trace_id_too_long: [begun(parent(`00-${TRACE}3-${SPAN}-01`))],
  test_traceparent_trace_id_too_short: [begun(parent(`00-${TRACE.slice(0, 31)}-${SPAN}-01`))],
  test_traceparent_parent_id_all_zero: [begun(parent(`00-${TRACE}-${'0'.repeat(16)}-01`))],
  test_traceparent_parent_id_illegal_characters: [
    begun(parent(`00-${TRACE}-.${SPAN.slice(1)}-01`)),
    begun(parent(`00-${TRACE}-${SPAN.slice(0, 15)}.-01`)),
  ],
  test_traceparent_parent_id_too_long: [begun(parent(`00-${TRACE}-${SPAN}7-01`))],
  test_traceparent_parent_id_too_short: [begun(parent(`00-${TRACE}-${SPAN.slice(1)}-01`))],
  test_traceparent_trace_flags_illegal_characters: [
    begun(parent(`00-${TRACE}-${SPAN}-.0`)),
    begun(parent(`00-${TRACE}-${SPAN}-0.`)),
  ],
  test_traceparent_trace_flags_too_long: [begun(parent(`00-${TRACE}-${SPAN}-001`))],
  test_traceparent_trace_flags_too_short: [begun(parent(`00-${TRACE}-${SPAN}-1`))],
  test_traceparent_ows_handling: [
    continued(parent(` ${VALID[1]}`)),
    continued(parent(`\t${VALID[1]}`)),
    continued(parent(`${VALID[1]} `)),
    continued(parent(`${VALID[1]}\t`)),
    continued(parent(`\t ${VALID[1]} \t`)),
  ],
  test_propagates_random_flag: [
    { ...continued(parent(`00-${TRACE}-${SPAN}-02`)), flags: '02' },
    { ...continued(parent(`00-${TRACE}-${SPAN}-03`)), flags: '03' },
  ],
  test_multiple_requests_with_valid_traceparent: [{ ...continued(VALID), times: 3 }],
  test_multiple_requests_without_traceparent: [{ ...begun(), times: 3 }],
  test_multiple_requests_with_illegal_traceparent: [
    { ...begun(parent(`00-${'0'.repeat(32)}-${SPAN}-01`)), times: 3 },
  ],
};

const tracestates: Readonly<Record<string, readonly Step[]>> = {
  test_tracestate_included_traceparent_missing: [
    begun(['tracestate', 'foo=1']),
    begun(['tracestate', 'foo=1,bar=2']),
  ],
  test_tracestate_included_traceparent_included: [kept('foo=1,bar=2')],
  test_tracestate_header_name: [
    stated(['foo=1'], [], 'trace-state'),
    stated(['foo=1'], [], 'trace.state'),
  ],
  test_tracestate_header_name_valid_casing: [
    stated(['foo=1'], ['foo=1'], 'TraceState'),
    stated(['foo=1'], ['foo=1'], 'TrAcEsTaTe'),
    stated(['foo=1'], ['foo=1'], 'TRACESTATE'),
  ],
  test_tracestate_empty_header: [
    discarded(''),
    kept('foo=1', ''),
    kept('', 'foo=1'),
    discarded(' , ,,'),
  ],
  test_tracestate_multiple_headers_different_keys: [kept('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3')],
  test_tracestate_duplicated_keys: [
    kept('foo=1,foo=1'),
    kept('foo=1,foo=2'),
    kept('foo=1', 'foo=1'),
    kept('foo=1', 'foo=2'),
  ],
  test_tracestate_all_allowed_characters: [
    kept(`${KEY}=${VALUE}`),
    kept(`${KEY}@a-z0-9_-*/=${VALUE}`),
    kept(`${KEY}=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`),
  ],
  test_tracestate_ows_handling: [
    stated(['foo=1 \t , \t bar=2, \t baz=3'], SPACED),
    stated(['foo=1\t \t,\t \tbar=2,\t \tbaz=3'], SPACED),
    stated([' foo=1'], ['foo=1']),
    stated(['\tfoo=1'], ['foo=1']),
    stated(['foo=1 '], ['foo=1']),
    stated(['foo=1\t'], ['foo=1']),
    stated(['\t foo=1 \t'], ['foo=1']),
  ],
  test_tracestate_key_illegal_characters: [
    discarded('foo =1'),
    discarded('FOO=1'),
    discarded('foo.bar=1'),
  ],
  test_tracestate_key_illegal_vendor_format: [
    kept('foo@=1,bar=2'),
    discarded('@foo=1,bar=2'),
    kept('foo@@bar=1,bar=2'),
    kept('foo@bar@baz=1,bar=2'),
  ],
  test_tracestate_member_count_limit: [
    kept(bars(1, 10), bars(11, 20), bars(21, 30), bars(31, 32)),
    discarded(bars(1, 10), bars(11, 20), bars(21, 30), bars(31, 33)),
  ],
  test_tracestate_key_length_limit: [
    kept('foo=1', `${'z'.repeat(256)}=1`),
    discarded('foo=1', `${'z'.repeat(257)}=1`),
    kept('foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`),
    kept('foo=1', `${'t'.repeat(242)}@v=1`),
    kept('foo=1', `t@${'v'.repeat(15)}=1`),
  ],
  test_tracestate_value_illegal_characters: [discarded('foo=bar=baz'), discarded('foo=,bar=3')],
};

export const situations: Readonly<Record<string, readonly Step[]>> = {
  ...traceparents,
  ...tracestates,
};
