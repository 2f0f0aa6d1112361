/**
 * The cases of the corpora that Envoy 1.40 and nginx 1.22 both forward in canonical form: what a
 * strict proxy may be asked not to refuse. Pure data, held to by `corpora.test.ts`.
 *
 * Taken 2026-11-25 with the corpora's own driver, twelve lanes, each a listener in front of an
 * upstream that the driver plays, the Host not used for routing. A case is here if something
 * reached the upstream and all that did is canonical, through both. Envoy: one route for all hosts,
 * `normalize_path`, else its defaults. nginx: `proxy_http_version 1.1`, `Connection ""`, Host as it
 * came, requests not buffered.
 */
export const peersForward: readonly string[] = [
  'desync/acceptable/004',
  'desync/acceptable/005',
  'desync/more-compliant-tests/001',
  'desync/more-compliant-tests/002',
  'desync/more-compliant-tests/003',
  'desync/more-compliant-tests/004',
  'desync/real-life-test-cases/001',
  'desync/rfc-compliant/001',
  'desync/uri-specific-test-cases/011',
  'desync/uri-specific-test-cases/013',
  'envoy/h1capture/EnvoyHandling100Continue.pb_text',
  'envoy/h1capture/InvalidContentLength.pb_text',
  'envoy/h1capture/RouterDownstreamDisconnectBeforeRequestComplete.pb_text',
  'envoy/h1capture/RouterDownstreamDisconnectBeforeResponseComplete.pb_text',
  'envoy/h1capture/RouterHeaderOnlyRequestAndResponseNoBuffer.pb_text',
  'gofuzz/httpreq/10',
  'gofuzz/httpreq/5',
  'gofuzz/httpreq/79d7d904b7647e4ff4f31b80',
  'gunicorn/invalid/012',
  'gunicorn/invalid/041',
  'gunicorn/valid/002',
  'gunicorn/valid/padding_01',
  'gunicorn/valid/rfc9110_field_value_htab_trim_01',
  'gunicorn/valid/rfc9110_field_value_obs_text_01',
  'gunicorn/valid/rfc9112_target_absolute_https_01',
  'llhttp/request/connection:159',
  'llhttp/request/connection:347',
  'llhttp/request/method:176',
  'llhttp/request/method:220',
  'llhttp/request/method:276',
  'llhttp/request/method:314',
  'llhttp/request/sample:108',
  'llhttp/request/transfer-encoding:294',
  'llhttp/request/transfer-encoding:331',
  'portswigger/CL/CL-bigpad',
  'portswigger/CL/CL-expect',
  'portswigger/CL/CL-expect-obfs',
  'portswigger/CL/UPPERCASE',
  'portswigger/CL/badsetupLF',
  'portswigger/CL/head',
  'portswigger/CL/suffix1:13',
  'portswigger/CL/vanilla',
  'portswigger/TE/encode',
  'portswigger/hidden/Content-Length/HOP',
  'portswigger/hidden/Transfer-Encoding/HOP',
  'smuggler/default/clte/xprespace-09',
  'smuggler/default/clte/xprespace-ff',
  'smuggler/default/smug/xprespace-a0',
  'smuggler/default/tecl/xprespace-20',
  'smuggler/default/tecl/xprespace-a0',
  'smuggler/exhaustive/smug/contentEnc',
];

/** Of them, at least so many are forwarded. */
export const FORWARDED_SHARE_MIN = 0.9;

/** The others, each with its reason: whoever adds one spends what the share leaves. */
export const refusedUnlikePeers: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: 'gunicorn/invalid/041',
    why: 'must be refused by its own verdict: two Content-Types',
  },
  {
    id: 'llhttp/request/transfer-encoding:294',
    why: 'must be refused by its own verdict: bytes behind a chunk size',
  },
  {
    id: 'llhttp/request/transfer-encoding:331',
    why: 'must be refused by its own verdict: an empty chunk extension',
  },
  {
    id: 'portswigger/CL/badsetupLF',
    why: 'one bare LF among CRLFs, and Content-Length behind it: a field, or part of a value',
  },
  {
    id: 'portswigger/CL/suffix1:13',
    why: 'a CR before the CRLF that ends Content-Length: RFC 9112 §2.2 has it refused or replaced',
  },
];
