/**
 * The load and the sidecar that it goes through, as one client of the mesh.
 *
 * Its sidecar's outbound address is also the door for a developer's own requests (`curl -x`).
 *
 * Called by `mesh.ts`.
 */
import type { DevLoad } from './dev-file.ts';
import { Load } from './load.ts';
import { Sidecar, type SidecarSpec, type SidecarWorld } from './sidecar.ts';

export class LoadClient {
  readonly sidecar: Sidecar;
  /** Where a request enters the mesh, and what the load asks for. */
  readonly door: { readonly through: string; readonly url: string };
  readonly #load: Load;
  #hasStarted = false;
  #isUp = false;
  #isWanted = false;

  constructor(load: DevLoad, spec: SidecarSpec, world: SidecarWorld, chance: () => number) {
    this.door = { through: `http://127.0.0.1:${spec.ports.outbound}`, url: load.url };
    this.#load = new Load(load, spec.ports.outbound, chance);
    this.sidecar = new Sidecar(spec, world, {
      onReady: () => {
        this.#isUp = true;
        this.#begin();
      },
      // Started again by itself; what is sent meanwhile fails, and is then not counted.
      onEnd: () => {},
    });
    this.sidecar.start();
  }

  /** Begins to send as soon as the sidecar is up; once begun, it goes on whatever happens. */
  start(): void {
    this.#isWanted = true;
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#load.stop();
    await this.sidecar.stop();
  }

  kill(): void {
    this.#load.stop();
    this.sidecar.kill();
  }

  #begin(): void {
    if (this.#hasStarted || !this.#isUp || !this.#isWanted) return;
    this.#hasStarted = true;
    this.#load.start();
  }
}
