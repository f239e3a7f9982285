import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { getMetadataArgsStorage } from 'typeorm';
import { ALLOW, PUBLIC, SIGNED_IN } from '../access/allow.js';
import type { RecordRule } from '../access/record-rule.js';
import { alertFaults } from '../alerts/verify-alerts.js';
import type { EventDefinition } from '../events/event.js';
import { ON_EVENT, ON_EVENT_OUTSIDE } from '../events/on-event.js';
import { INTAKE } from '../http/intake.js';
import { SENSITIVE } from '../throttle/sensitive.js';
import { ON_SCHEDULE } from '../events/schedule.js';
import type { ScheduleDefinition } from '../events/schedule.js';
import { gaugePrefix, MEASURES } from '../watch/gauge.js';
import type { GaugeDefinition } from '../watch/gauge.js';
import { tablePrefix } from './addon.js';
import type { Addon } from './addon.js';
import { dependenciesOf } from './order.js';

/** A rule of the house: says what an addon does against it. */
type Rule = (addon: Addon, all: readonly Addon[]) => string[];

/**
 * What the addons do against the rules of the house; every fault of every addon at once, so
 * that one start tells the whole story. Empty when all is well.
 */
export function addonFaults(addons: readonly Addon[]): string[] {
  const rules: Rule[] = [
    isWellNamed,
    ownsItsTables,
    namesItsPermissions,
    grantsKnownPermissions,
    declaresRolesOnce,
    claimsNamesAlone,
    guardsEveryRoute,
    handlesKnownEvents,
    restrictsByKnownPermissions,
    keepsItsOwnEvents,
    providesItsPersonalData,
    worksItsSchedules,
    measuresItsGauges,
    alertFaults,
    groupsItsCommandsAlone,
    rulesItsOwnEntities,
  ];
  return addons.flatMap((addon) =>
    rules.flatMap((rule) => rule(addon, addons).map((fault) => `${addon.name}: ${fault}`)),
  );
}

const isWellNamed: Rule = (addon, all) => [
  ...(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(addon.name) ? [] : ['the name is not kebab-case']),
  ...(/^\d+\.\d+\.\d+$/.test(addon.version) ? [] : [`${addon.version} is no version a.b.c`]),
  ...(all.some((other) => other !== addon && other.name === addon.name)
    ? ['two addons have this name']
    : []),
  ...all
    .filter((other) => other.name.startsWith(`${addon.name}-`))
    .map((other) => `${other.name} begins with this name, so their tables could not be told apart`),
];

const ownsItsTables: Rule = (addon) => {
  const prefix = `${tablePrefix(addon)}_`;
  return addon.entities
    .map((entity) => tableOf(entity))
    .filter((table) => !table.startsWith(prefix))
    .map((table) => `table ${table} does not begin with ${prefix}`);
};

const namesItsPermissions: Rule = (addon) =>
  Object.keys(addon.permissions)
    .filter((name) => !new RegExp(`^${addon.name}\\.[a-z][a-z-]*\\.[a-z][a-z-]*$`).test(name))
    .map((name) => `permission ${name} is not ${addon.name}.<entity>.<verb>`);

const grantsKnownPermissions: Rule = (addon) => {
  const known = permissionsWithin(addon);
  return Object.entries(addon.roles).flatMap(([role, { grants }]) =>
    grants
      .filter((permission) => !known.has(permission))
      .map((permission) => `role ${role} is granted ${permission}, which nobody here declares`),
  );
};

const declaresRolesOnce: Rule = (addon) => {
  const within = [...dependenciesOf(addon), addon];
  return Object.keys(addon.roles)
    .map((role) => ({ role, by: within.filter((other) => other.roles[role]?.summary) }))
    .filter(({ by }) => by.length !== 1)
    .map(({ role, by }) => `role ${role} is declared by ${by.length} addons, not one`);
};

const claimsNamesAlone: Rule = (addon, all) => {
  const kinds = {
    event: (other: Addon) => other.events.map((event) => event.name),
    setting: (other: Addon) => Object.keys(other.settings),
    environment: (other: Addon) => Object.keys(other.config),
  };
  const twice = Object.entries(kinds).flatMap(([kind, names]) =>
    names(addon)
      .filter((name) => all.some((other) => other !== addon && names(other).includes(name)))
      .map((name) => `${kind} name ${name} is claimed by another addon too`),
  );
  const misnamed = [
    ...addon.events
      .filter((event) => !/^[a-z][a-z_]*\.[a-z][a-z_]*$/.test(event.name))
      .map((event) => `event ${event.name} is not <entity>.<past verb>`),
    ...[...Object.keys(addon.settings), ...Object.keys(addon.config)]
      .filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name))
      .map((name) => `setting or variable ${name} is not UPPER_SNAKE`),
    ...addon.schedules
      .filter((schedule) => !schedule.name.startsWith(`${addon.name}.`))
      .map((schedule) => `schedule ${schedule.name} does not begin with ${addon.name}.`),
  ];
  return [...twice, ...misnamed];
};

const guardsEveryRoute: Rule = (addon) => {
  const known = permissionsWithin(addon);
  return controllersOf(addon).flatMap((controller) => {
    const path = String(Reflect.getMetadata(PATH_METADATA, controller));
    const routes = methodsOf(controller).filter(({ method }) =>
      Reflect.hasMetadata(METHOD_METADATA, method),
    );
    // Programs that send reports have their own ideas of addresses.
    const isIntake =
      routes.length > 0 && routes.every(({ method }) => Reflect.hasMetadata(INTAKE, method));
    const strayed =
      addon.name === 'kernel' ||
      isIntake ||
      path === `api/v1/${addon.name}` ||
      path.startsWith(`api/v1/${addon.name}/`)
        ? []
        : [`controller ${controller.name} serves ${path}, outside of api/v1/${addon.name}`];
    const open = routes.flatMap(({ name, method }) =>
      routeFaults(`${controller.name}.${name}`, controller, method, known),
    );
    return [...strayed, ...open];
  });
};

function routeFaults(
  route: string,
  controller: Type,
  method: object,
  known: ReadonlySet<string>,
): string[] {
  const read = (key: string): unknown =>
    Reflect.getMetadata(key, method) ?? Reflect.getMetadata(key, controller);
  const permission = read(ALLOW);
  if (read(SENSITIVE) && read(PUBLIC)) {
    return [`route ${route} is @Sensitive and @Public: that limit counts users`];
  }
  if (typeof permission !== 'string') {
    return read(PUBLIC) ? [] : [`route ${route} has neither @Allow nor @Public`];
  }
  if (permission === SIGNED_IN || known.has(permission)) return [];
  return [`route ${route} demands ${permission}, which nobody here declares`];
}

const handlesKnownEvents: Rule = (addon, all) => {
  // Everybody stands on the kernel, though nobody names it.
  const kernel = all.filter(({ name }) => name === 'kernel');
  const within = [...kernel, ...dependenciesOf(addon), addon];
  const known = new Set(within.flatMap((other) => other.events));
  return [ON_EVENT, ON_EVENT_OUTSIDE]
    .flatMap((key) => marked<EventDefinition>(addon, key))
    .filter(({ mark }) => !known.has(mark))
    .map(({ name, mark }) => `${name} handles ${mark.name}, which nobody here declares`);
};

const restrictsByKnownPermissions: Rule = (addon) => {
  const known = permissionsWithin(addon);
  return addon.events.flatMap(({ name, restricted }) =>
    restricted && !known.has(restricted.permission)
      ? [`event ${name} is restricted by ${restricted.permission}, which nobody here declares`]
      : [],
  );
};

const keepsItsOwnEvents: Rule = ({ events, retention }) =>
  Object.keys(retention.except ?? {})
    .filter((name) => !events.some((event) => event.name === name))
    .map((name) => `it says how long ${name} is kept, which is not its event`);

const providesItsPersonalData: Rule = (addon) =>
  addon.personalData
    .filter((type) => !providersOf(addon).includes(type))
    .map((type) => `${type.name} tells of personal data and is no provider of its module`);

const worksItsSchedules: Rule = (addon) => {
  const worked = marked<ScheduleDefinition>(addon, ON_SCHEDULE);
  const idle = addon.schedules.filter((schedule) => !worked.some(({ mark }) => mark === schedule));
  const undeclared = worked.filter(({ mark }) => !addon.schedules.includes(mark));
  return [
    ...idle.map((schedule) => `schedule ${schedule.name} has no method`),
    ...undeclared.map(({ name, mark }) => `${name} works ${mark.name}, which is not declared`),
  ];
};

const measuresItsGauges: Rule = (addon) => {
  const measured = marked<GaugeDefinition>(addon, MEASURES);
  const prefix = gaugePrefix(tablePrefix(addon));
  const words = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
  const isNamed = ({ name, labels = [] }: GaugeDefinition): boolean =>
    name.startsWith(prefix) && [name, ...labels].every((word) => words.test(word));
  return [
    ...addon.gauges
      .filter((gauge) => !isNamed(gauge))
      .map(({ name }) => `gauge ${name} is not ${prefix}<what>, with labels in snake_case`),
    ...addon.gauges
      .map((gauge) => ({ gauge, by: measured.filter(({ mark }) => mark === gauge).length }))
      .filter(({ by }) => by !== 1)
      .map(({ gauge, by }) => `gauge ${gauge.name} is read by ${by} methods, not one`),
    ...measured
      .filter(({ mark }) => !addon.gauges.includes(mark))
      .map(({ name, mark }) => `${name} measures ${mark.name}, which is not declared`),
  ];
};
const groupsItsCommandsAlone: Rule = (addon, all) =>
  addon.commands.length > 0 &&
  all.some(
    (other) => other !== addon && [other.name, other.commandGroup].includes(addon.commandGroup),
  )
    ? [`command group ${addon.commandGroup} is another addon’s, too`]
    : [];

const rulesItsOwnEntities: Rule = (addon) =>
  addon.rules
    .filter((rule) => !addon.entities.includes(rule.entity) && !admitsOwnRoles(addon, rule))
    .map((rule) => `a record rule limits ${rule.entity.name}, which is not its own`);

/**
 * An addon may say what the roles that it declares itself reach of a dependency's records, where
 * the owner rules by roles already: a first rule for a role shuts everybody else out.
 */
function admitsOwnRoles(addon: Addon, { entity, roles = [] }: RecordRule): boolean {
  const owner = [...dependenciesOf(addon)].find((other) => other.entities.includes(entity));
  const ruled = owner?.rules.some((rule) => rule.entity === entity && rule.roles);
  return !!ruled && roles.length > 0 && roles.every((role) => addon.roles[role]?.summary);
}

function permissionsWithin(addon: Addon): Set<string> {
  const within = [...dependenciesOf(addon), addon];
  return new Set(within.flatMap((other) => Object.keys(other.permissions)));
}

/** The table an entity is stored in. */
export function tableOf(entity: Type): string {
  return getMetadataArgsStorage().tables.find((table) => table.target === entity)?.name ?? '';
}

/** The controllers of an addon: of its module and of its own modules inside that one. */
export function controllersOf(addon: Addon): Type[] {
  return partsOf(addon, MODULE_METADATA.CONTROLLERS);
}

/** The providers of an addon that are classes. */
export function providersOf(addon: Addon): Type[] {
  return partsOf(addon, MODULE_METADATA.PROVIDERS);
}

function partsOf(addon: Addon, key: string): Type[] {
  const foreign = new Set([...dependenciesOf(addon)].map((other) => other.module));
  const within = (module: Type): unknown[] => {
    const own = (Reflect.getMetadata(key, module) as unknown[] | undefined) ?? [];
    const imported = (Reflect.getMetadata(MODULE_METADATA.IMPORTS, module) as unknown[]) ?? [];
    const inner = imported.filter(isClass).filter((other) => !foreign.has(other));
    return [...own, ...inner.flatMap(within)];
  };
  return within(addon.module).filter(isClass);
}

/** The methods of an addon's providers that carry a mark. */
export function marked<M>(addon: Addon, key: string): { name: string; mark: M }[] {
  return providersOf(addon).flatMap((provider) =>
    methodsOf(provider)
      .map(({ name, method }) => ({
        name: `${provider.name}.${name}`,
        mark: Reflect.getMetadata(key, method) as M | undefined,
      }))
      .filter((found): found is { name: string; mark: M } => found.mark !== undefined),
  );
}

/** The methods that a class itself has, by name. */
export function methodsOf(type: Type): { name: string; method: object }[] {
  const prototype = type.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .map((name) => ({
      name,
      method: Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown,
    }))
    .filter(
      (found): found is { name: string; method: object } => typeof found.method === 'function',
    );
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function';
}
