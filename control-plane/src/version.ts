/**
 * The release of everything in this repository: what `--version` prints, and what injection leaves
 * on the pods it touched.
 *
 * Pure constant.
 */
export const VERSION = '0.1.0';
