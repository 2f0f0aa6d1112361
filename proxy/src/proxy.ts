/**
 * Joins everything: the data plane's table of contents.
 *
 *   listeners → roles → exchanges → pools     control → live → the outbound role
 *   admin and metrics beside them             drain ends them in order
 *
 * Called by `main.ts` and by tests that want a proxy in their own process.
 */
import { BackendRegistry } from './control/live.ts';
