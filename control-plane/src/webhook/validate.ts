/**
 * The validating webhook for Remora's own kinds: what could never work is refused, in the schema's
 * own words, with the field and the remedy.
 *
 * The CRD's schema refuses most mistakes before this is asked; here is what it cannot say: regular
 * expressions, headers that are nobody's to edit, rules over metadata. What depends on other
 * objects is only warned about, since people apply a route before its Service. An object whose spec
 * stays as it was is always let through: a release with stricter rules must not keep anybody from
 * deleting an object that has a finalizer. Deletion and status are nobody's to judge.
 *
 * Pure: the world is handed in. Called by `server.ts` for `/validate`.
 */
import { type MeshObject, type Parsed, parseObject } from '@remora/api/config/objects.ts';
import { canonicalJson } from '../canonical-json.ts';
import { policyConditions } from '../desired/policy-conditions.ts';
import { type Condition, routeConditions } from '../desired/conditions.ts';
import { sentence } from '../files/problem.ts';
import { type Mistake, regexMistakes } from '../files/regex-check.ts';
import * as limits from '../limits.ts';
import { objectName, type World } from '../world.ts';
import { type Admit, type AdmissionAnswer, type AdmissionRequest, fieldsOf } from './admission.ts';

const GROUP = 'remora.dev';
const UNPROCESSABLE = 422;
const ALLOWED: AdmissionAnswer = { allowed: true };
const NOBODY = { applied: 0, interested: 0, refused: [] };

/** `world`: null while it is not read yet; then nothing is warned about. */
export function validating(world: () => World | null): Admit {
  return (request) => (isJudged(request) ? judge(request, world()) : ALLOWED);
}

function isJudged({ kind, operation, subResource }: AdmissionRequest): boolean {
  const isWritten = operation === 'CREATE' || operation === 'UPDATE';
  return kind.group === GROUP && isWritten && subResource === undefined;
}

function judge(request: AdmissionRequest, world: World | null): AdmissionAnswer {
  const parsed = parseObject(named(request));
  if (parsed.is === 'other') return ALLOWED;
  const mistakes = mistakesOf(parsed);
  if (mistakes.length > 0 && !isSpecKept(request)) {
    return { allowed: false, code: UNPROCESSABLE, message: refusalOf(whatOf(request), mistakes) };
  }
  const said = parsed.is === 'object' ? [...parsed.warnings, ...mistakes] : mistakes;
  const warnings = said.map(sentence);
  if (parsed.is === 'object' && world !== null) warnings.push(...doubtsOf(world, parsed.object));
  return warnings.length === 0 ? ALLOWED : { allowed: true, warnings };
}

function mistakesOf(parsed: Exclude<Parsed, { is: 'other' }>): readonly Mistake[] {
  return parsed.is === 'mistaken' ? parsed.problems : regexMistakes(parsed.object);
}

function refusalOf(what: string, mistakes: readonly Mistake[]): string {
  const [first] = mistakes;
  if (mistakes.length === 1 && first !== undefined) return `${what}: ${sentence(first)}`;
  const shown = mistakes.slice(0, limits.mistakesShownMax).map((each) => `\n- ${sentence(each)}`);
  const more = mistakes.length - shown.length;
  const rest = more > 0 ? `\n- and ${more} more` : '';
  return `${what} has ${mistakes.length} mistakes:${shown.join('')}${rest}`;
}

/** What its conditions would say if it were in force now. */
function doubtsOf(world: World, object: MeshObject): string[] {
  return (
    conditionsOf(world, object)
      .filter(({ type, status }) => status === 'False' && type !== 'Applied')
      // Where it is not accepted, that nothing is configured goes without saying.
      .filter(({ type, reason }) => !(type === 'Programmed' && reason === 'Invalid'))
      .map(({ message }) => `${objectName(object)}: ${message}`)
  );
}

function conditionsOf(world: World, object: MeshObject): readonly Condition[] {
  if (object.kind === 'TrafficRoute') return routeConditions(world, object, NOBODY);
  if (object.kind === 'ResiliencePolicy') return policyConditions(world, object, NOBODY);
  return [];
}

/** The server may ask before it has made a name of `generateName`: any will do for judging. */
function named({ object, namespace, name }: AdmissionRequest): unknown {
  const { metadata, ...rest } = fieldsOf(object);
  const given = fieldsOf(metadata);
  const home = namespace === '' ? {} : { namespace };
  const made = name === '' ? `${String(given['generateName'] ?? 'generated-')}0` : name;
  return { ...rest, metadata: { ...given, ...home, name: given['name'] ?? made } };
}

/** As `objectName` says it; of an object without a name yet, what it will begin with. */
function whatOf({ kind, namespace, object, name: given }: AdmissionRequest): string {
  const { name, generateName } = fieldsOf(fieldsOf(object)['metadata']);
  const said = given === '' ? String(name ?? generateName ?? '') : given;
  return objectName({ kind: kind.kind, metadata: { namespace, name: said } });
}

function isSpecKept({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE') return false;
  const [now, before] = [object, oldObject].map((each) => fieldsOf(each)['spec'] ?? null);
  return canonicalJson(now) === canonicalJson(before);
}
