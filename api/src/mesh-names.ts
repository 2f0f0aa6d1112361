/**
 * The names by which a pod of the mesh is known: labels, annotations, containers, the proxy's user.
 *
 * Read by injection (which writes them), the control plane (which finds sidecars by them), the
 * chart, and the tests. `docs/injection.md` lists every annotation.
 *
 * Pure constants.
 */

/** Prefix of every label and annotation of ours. */
export const MESH_PREFIX = 'remora.dev/';
/** Label of a namespace, label or annotation of a pod: `enabled` or `disabled`. */
export const INJECT = `${MESH_PREFIX}inject`;
/** Annotation that injection leaves: the version that injected. */
export const INJECTED = `${MESH_PREFIX}injected`;
/** A native sidecar: an init container with `restartPolicy: Always`. */
export const PROXY_CONTAINER = 'remora-proxy';
/** Sets the redirection of connections, once, before everything else. */
export const INIT_CONTAINER = 'remora-init';
/** Whose connections are never redirected. Neither Istio's (1337) nor Linkerd's (2102). */
export const PROXY_UID = 15_400;
/** Audience of the token by which a proxy tells the control plane who it is. */
export const TOKEN_AUDIENCE = 'remora.dev/control-plane';
/** Where the token is projected to in a pod. */
export const TOKEN_FOLDER = '/var/run/secrets/remora';
export const TOKEN_FILE = `${TOKEN_FOLDER}/token`;
/** The emptyDir that keeps the last good configuration over restarts of the container. */
export const LAST_GOOD_FOLDER = '/var/lib/remora';

export const CONTROL_NAMESPACE = 'remora-system';
/** The Service of the control plane, in whatever namespace it is installed. */
export const CONTROL_SERVICE = 'remora-control';
/** Where it keeps the key by which proxies know it, beside that Service. */
export const AUTHORITY_SECRET = 'remora-authority';
/** Both of its webhook configurations, into which the leader writes its certificate. */
export const WEBHOOKS = 'remora';
