/**
 * An image of one layer, written as an OCI archive: what a container engine's `save` would write.
 *
 * An image is a tar of files, a page that says how to start it, and a page that names both by their
 * digests. That is little enough to write by hand, and then images need neither an engine nor a
 * registry. The layer is not compressed: it is read once, on the machine that wrote it.
 *
 * Called by `scripts/image.ts` and the cluster's `images.ts`. Format: OCI image specification 1.1.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { entriesOf, fileEntry, tarOf } from './tar.ts';

const OCI = 'application/vnd.oci.image';
/** What the OCI calls our processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `UID` or `UID:GID`; left out: root. */
  readonly user?: string;
  readonly workingFolder?: string;
}

export interface Image extends ImageConfig {
  /** `remora:dev`; a name without a registry's host is the usual registry's. */
  readonly name: string;
  readonly rootFolder: string;
}

/** Writes the archive to this file and returns the bytes of its layer. */
export function writeImageArchive(image: Image, file: string): number {
  const layer = Buffer.concat([...tarOf(entriesOf(image.rootFolder))]);
  const config = json(configOf(image, digestOf(layer)));
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, ...described(config) },
    layers: [{ mediaType: `${OCI}.layer.v1.tar`, ...described(layer) }],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: `${OCI}.manifest.v1+json`,
        ...described(manifest),
        annotations: { 'io.containerd.image.name': fullName(image.name) },
        platform: platform(),
      },
    ],
  });
  const blobs = [config, manifest, layer];
  const entries = [
    fileEntry('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    fileEntry('index.json', index),
    ...blobs.map((blob) => fileEntry(`blobs/${digestOf(blob).replace(':', '/')}`, blob)),
  ];
  const output = openSync(file, 'w');
  for (const piece of tarOf(entries)) writeWhole(output, piece);
  closeSync(output);
  return layer.length;
}

/** `remora:dev` as the runtime knows it: `docker.io/library/remora:dev`. */
export function fullName(name: string): string {
  const [first, ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]/.test(first!) ? name : `docker.io/${name}`;
}

function configOf(image: Image, layerDigest: string): object {
  return {
    ...platform(),
    config: {
      Entrypoint: image.entrypoint,
      Env: Object.entries(image.env ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(image.user === undefined ? {} : { User: image.user }),
      ...(image.workingFolder === undefined ? {} : { WorkingDir: image.workingFolder }),
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
  };
}

function platform(): object {
  return { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux' };
}

function described(blob: Uint8Array): object {
  return { digest: digestOf(blob), size: blob.length };
}

function digestOf(blob: Uint8Array): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`;
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function writeWhole(file: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
}
