/**
 * What every Kubernetes object has, by hand: the generated types of the whole API are 30 times the
 * size of what is used here.
 *
 * Types only. What a kind holds beside this is typed by whoever reads it, and validated there.
 */

export interface ObjectMeta {
  readonly name: string;
  /** Left out or empty: the object belongs to the whole cluster. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Which object is meant; `namespace` is left out for what belongs to the whole cluster. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}
