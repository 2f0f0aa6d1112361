/**
 * What a setting of injection is: a name, what may be written, what holds where nothing is, and a
 * sentence. From one declaration come the check, the refusal and the row in docs/injection.md.
 *
 * Annotations are text, so every setting reads text; whatever is not exactly what it takes is
 * refused, because an annotation that is silently ignored is a sidecar that is silently wrong.
 *
 * Pure. Used by `settings.ts`.
 */
import { formatDuration, parseDuration } from '@remora/api/config/duration.ts';
import {
  type AddressRange,
  networkListLimits,
  type PortRange,
  parseAddressRanges,
  parsePortRanges,
} from '@remora/api/network-lists.ts';
import { parseQuantity, type Quantity } from './quantity.ts';

export interface Setting<T> {
  /** The annotation, without `remora.dev/`. */
  readonly name: string;
  /** What may be written; completes "is not …". */
  readonly form: string;
  readonly example: string;
  /** What holds unless somebody says otherwise, as it would be written; empty: nothing. */
  readonly standard: string;
  readonly doc: string;
  /** Null: the text is not of that form. */
  readonly parse: (text: string) => T | null;
}

/** What the declarations of all settings have in common. */
interface About {
  readonly name: string;
  readonly standard: string;
  readonly doc: string;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const NONE = 'none';

export function wordSetting<const T extends string>(about: About, words: readonly T[]): Setting<T> {
  const form = words.join(', ').replace(/, ([^,]*)$/, ' or $1');
  const parse = (text: string) => words.find((word) => word === text) ?? null;
  return { ...about, form, example: words[0] ?? '', parse };
}

/** An image reference, or empty for the mesh's own. */
export function imageSetting(about: About): Setting<string> {
  return {
    ...about,
    form: 'an image with its tag or digest',
    example: 'registry.example/remora:1.2.3',
    parse: (text) => (/^[a-z0-9][\w./:@-]{0,500}$/i.test(text) ? text : null),
  };
}

export function quantitySetting(about: About, example: string): Setting<Quantity> {
  const form = `a Kubernetes quantity such as ${example}, above 0`;
  return { ...about, form, example, parse: parseQuantity };
}

/** Null as a value: no limit. */
export function limitSetting(about: About, example: string): Setting<Quantity | typeof NONE> {
  const form = `a Kubernetes quantity such as ${example}, above 0, or ${NONE}`;
  return { ...about, form, example, parse: (text) => (text === NONE ? NONE : parseQuantity(text)) };
}

export function portsSetting(about: Omit<About, 'standard'>): Setting<readonly PortRange[]> {
  const form = `a list of ports and ranges, at most ${networkListLimits.rangesMax}`;
  return { ...about, standard: '', form, example: '3306,9000-9100', parse: parsePortRanges };
}

export function rangesSetting(about: Omit<About, 'standard'>): Setting<readonly AddressRange[]> {
  const form = `a list of address ranges, at most ${networkListLimits.rangesMax}`;
  return {
    ...about,
    standard: '',
    form,
    example: '10.0.0.0/8,fd00::/8',
    parse: parseAddressRanges,
  };
}

export function numberSetting(
  about: About,
  { min, max }: Bounds,
  isWhole = false,
): Setting<number> {
  return {
    ...about,
    form: `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`,
    example: about.standard,
    parse(text) {
      const isNumber = isWhole ? /^[0-9]+$/.test(text) : /^[0-9]+(\.[0-9]+)?$/.test(text);
      const value = Number(text);
      return isNumber && value >= min && value <= max ? value : null;
    },
  };
}

/** In milliseconds. */
export function durationSetting(about: About, { min, max }: Bounds): Setting<number> {
  return {
    ...about,
    form: `a duration of ${formatDuration(min)} to ${formatDuration(max)}`,
    example: about.standard,
    parse(text) {
      const ms = parseDuration(text);
      return ms !== null && ms >= min && ms <= max ? ms : null;
    },
  };
}

/** A collector's URL. */
export function collectorSetting(about: About): Setting<string> {
  return {
    ...about,
    form: `http://HOST:PORT, or ${NONE}`,
    example: 'http://jaeger-collector.observability:4318',
    parse(text) {
      const url = URL.parse(text);
      return text === NONE || (url?.protocol === 'http:' && url.hostname !== '') ? text : null;
    },
  };
}

/** PORT/PATH of a page, or `none`. */
export function pageSetting(about: About): Setting<string> {
  return {
    ...about,
    form: `PORT/PATH, or ${NONE}`,
    example: '9090/metrics',
    parse(text) {
      const [, port = '0'] = /^([0-9]{1,5})\/[!-~]*$/.exec(text) ?? [];
      const isPage = Number(port) >= 1 && Number(port) <= 65_535;
      return text === NONE || isPage ? text : null;
    },
  };
}
