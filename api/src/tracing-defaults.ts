/**
 * What is kept of requests where nobody says otherwise: of a proxy's flags and of a MeshConfig.
 *
 * Pure constants.
 */
export const tracingDefaults = {
  /** Of new traces, 0 to 1. */
  sampleRatio: 0.01,
  slowMs: 1_000,
} as const;
