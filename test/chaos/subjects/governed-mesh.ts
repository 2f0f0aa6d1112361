/**
 * A sidecar with a control plane of its own, reading a folder that the scenario writes to.
 *
 * The folder is what a user would keep in version control: a good change is a new file in the place
 * of the old one, a poison object a file beside it. The control plane listens on a fixed port, so
 * that it can be killed and come back.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../bench/machine/free-ports.ts';
import type { Spawned } from '../machine/programs.ts';
import { meshYaml, type ServicePlan } from './mesh.ts';
import { type RunningRemora, startRemora } from './remora.ts';
import type { Place } from './subject.ts';

const CONTROL_PLANE = new URL('../../../control-plane/src/main.ts', import.meta.url).pathname;

export interface GovernedOptions {
  readonly plan: ServicePlan;
  /** Words before the proxy's command. */
  readonly under?: readonly string[];
}

/** Where the sidecar keeps its last good configuration. */
export function stateFolder({ folder }: Pick<Place, 'folder'>): string {
  return join(folder, 'state');
}

export class GovernedMesh {
  readonly #place: Place;
  readonly #folder: string;
  readonly #port: number;
  #controlPlane: Spawned | null = null;
  #files = 0;

  private constructor(place: Place, port: number) {
    this.#place = place;
    this.#port = port;
    this.#folder = join(place.folder, 'objects');
    mkdirSync(this.#folder, { recursive: true });
  }

  /** The mesh and its one sidecar, ready. */
  static async start(
    place: Place,
    program: string,
    { plan, under }: GovernedOptions,
  ): Promise<{ readonly mesh: GovernedMesh; readonly sidecar: RunningRemora }> {
    const [port = 0] = await freePorts(1);
    const mesh = new GovernedMesh(place, port);
    mesh.put(plan);
    await mesh.startControlPlane();
    const state = stateFolder(place);
    mkdirSync(state, { recursive: true });
    const lastGood = join(state, 'last-good.json');
    const sidecar = await startRemora(place, program, {
      name: 'client-0',
      flags: [
        ...['--outbound', '127.0.0.1:0'],
        ...['--control', `http://127.0.0.1:${port}`, '--last-good', lastGood],
      ],
      ...(under === undefined ? {} : { under }),
    });
    return { mesh, sidecar };
  }

  async startControlPlane(): Promise<void> {
    const command = [
      ...[process.execPath, '--disable-warning=ExperimentalWarning', CONTROL_PLANE],
      ...['--folder', this.#folder, '--listen', `127.0.0.1:${this.#port}`],
    ];
    this.#controlPlane = this.#place.programs.spawn('control-plane', command);
    await this.#controlPlane.ready();
  }

  kill(): void {
    this.#controlPlane?.child.kill('SIGKILL');
  }

  get isAlive(): boolean {
    return this.#controlPlane?.hasEnded === false;
  }

  /** Replaces what the Service is. */
  put(plan: ServicePlan): void {
    this.#write('mesh.yaml', meshYaml([plan]));
  }

  /** One more file, whatever is in it. */
  add(text: string): void {
    this.#write(`more-${this.#files++}.yaml`, text);
  }

  #write(name: string, text: string): void {
    const file = join(this.#folder, name);
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  }
}
