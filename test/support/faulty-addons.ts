import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Column, Entity } from 'typeorm';
import {
  alertSignal,
  Allow,
  booleanSetting,
  CompanyRow,
  defineAddon,
  defineAlert,
  defineEvent,
  integer,
  Measures,
  OnEvent,
  OnSchedule,
  Public,
  recordRule,
  Sensitive,
} from '#kernel';
import type {
  Addon,
  AddonDefinition,
  GaugeDefinition,
  Reading,
  RecordRule,
  ScheduleDefinition,
} from '#kernel';
import { salesAddon } from '#modules/sales';

/** An addon that breaks one rule, and what boot verification must say about it. */
export interface FaultyAddon {
  readonly addons: readonly Addon[];
  readonly faults: readonly string[];
}

@Module({})
class Empty {}

function addon(definition: Partial<AddonDefinition>): Addon {
  return defineAddon({
    name: 'faulty',
    version: '0.1.0',
    summary: 'breaks a rule',
    module: Empty,
    ...definition,
  });
}

function moduleWith(parts: { controllers?: Type[]; providers?: Type[] }): Type {
  @Module(parts)
  class Parts {}
  return Parts;
}

@Entity('other_thing')
class StrayTable extends CompanyRow {
  @Column({ type: 'text' })
  name!: string;
}

@Controller('api/v1/faulty/things')
class UnguardedController {
  @Get()
  list(): string[] {
    return [];
  }
}

@Controller('api/v1/faulty/things')
class UnknownPermissionController {
  @Get()
  @Allow('faulty.thing.read')
  list(): string[] {
    return [];
  }
}

@Controller('api/v1/faulty/things')
class OpenSensitiveController {
  @Get()
  @Public()
  @Sensitive()
  list(): string[] {
    return [];
  }
}

@Controller('api/v1/sales/things')
class StrayedController {
  @Get()
  @Allow('*')
  list(): string[] {
    return [];
  }
}

const Unheard = defineEvent<object>({ name: 'thing.happened', version: 1, summary: 'unheard of' });

@Injectable()
class StrayHandler {
  @OnEvent(Unheard)
  async hear(): Promise<void> {}
}

const Declared: ScheduleDefinition = {
  name: 'faulty.declared',
  cron: '0 0 * * *',
  summary: 'has no method',
  per: 'installation',
};
const Undeclared: ScheduleDefinition = { ...Declared, name: 'faulty.undeclared' };

@Injectable()
class StrayWork {
  @OnSchedule(Undeclared)
  async work(): Promise<void> {}
}

const ReadTwice: GaugeDefinition = {
  name: 'ofitec_faulty_things',
  summary: 'read by two methods',
  per: 'installation',
};
const UndeclaredGauge: GaugeDefinition = { ...ReadTwice, name: 'ofitec_faulty_others' };

@Injectable()
class StrayGauges {
  @Measures(ReadTwice)
  async first(): Promise<Reading[]> {
    return [{ value: 1 }];
  }

  @Measures(ReadTwice)
  async second(): Promise<Reading[]> {
    return [{ value: 2 }];
  }

  @Measures(UndeclaredGauge)
  async third(): Promise<Reading[]> {
    return [{ value: 3 }];
  }
}
const OneAlert = defineAlert({
  type: 'thing.wrong',
  severity: 'warning',
  summary: { es: 'algo', en: 'something' },
  runbook: 'runbooks/thing.md',
  scope: 'company',
});

const OneCommand = { name: 'do', summary: 'does', options: {}, run: async () => ({}) };

const SameEvent = defineEvent<object>({ name: 'thing.done', version: 1, summary: 'twice' });

/** One or two addons for each rule of the house. */
export const faultyAddons: Readonly<Record<string, FaultyAddon>> = {
  'a name that is not kebab-case and a version that is none': {
    addons: [addon({ name: 'Faulty_One', version: '1' })],
    faults: ['Faulty_One: the name is not kebab-case', 'Faulty_One: 1 is no version a.b.c'],
  },
  'two addons whose tables could not be told apart': {
    addons: [addon({ name: 'stock' }), addon({ name: 'stock-count' })],
    faults: ['stock: stock-count begins with this name, so their tables could not be told apart'],
  },
  'a table outside the addon’s prefix': {
    addons: [addon({ entities: [StrayTable] })],
    faults: ['faulty: table other_thing does not begin with faulty_'],
  },
  'a permission outside the addon’s prefix': {
    addons: [addon({ permissions: { 'sales.thing.read': 'stray' } })],
    faults: ['faulty: permission sales.thing.read is not faulty.<entity>.<verb>'],
  },
  'a role granted what nobody declares, and declared by nobody': {
    addons: [addon({ roles: { cajero: { grants: ['faulty.thing.read'] } } })],
    faults: [
      'faulty: role cajero is granted faulty.thing.read, which nobody here declares',
      'faulty: role cajero is declared by 0 addons, not one',
    ],
  },
  'an event, a setting and a variable that two addons claim': {
    addons: [claimant('one'), claimant('two')],
    faults: ['one', 'two'].flatMap((name) => [
      `${name}: event name thing.done is claimed by another addon too`,
      `${name}: setting name THING_IS_ON is claimed by another addon too`,
      `${name}: environment name THING_SECONDS is claimed by another addon too`,
    ]),
  },
  'names that are not written as the house writes them': {
    addons: [
      addon({
        events: [defineEvent({ name: 'ThingDone', version: 1, summary: 'misnamed' })],
        settings: { thingIsOn: booleanSetting('misnamed', true) },
        schedules: [],
      }),
    ],
    faults: [
      'faulty: event ThingDone is not <entity>.<past verb>',
      'faulty: setting or variable thingIsOn is not UPPER_SNAKE',
    ],
  },
  'a route that nobody guards': {
    addons: [addon({ module: moduleWith({ controllers: [UnguardedController] }) })],
    faults: ['faulty: route UnguardedController.list has neither @Allow nor @Public'],
  },
  'a route whose permission nobody declares': {
    addons: [addon({ module: moduleWith({ controllers: [UnknownPermissionController] }) })],
    faults: [
      'faulty: route UnknownPermissionController.list demands faulty.thing.read, which nobody here declares',
    ],
  },
  'a sensitive route that is open to everybody': {
    addons: [addon({ module: moduleWith({ controllers: [OpenSensitiveController] }) })],
    faults: [
      'faulty: route OpenSensitiveController.list is @Sensitive and @Public: that limit counts users',
    ],
  },
  'a controller in another addon’s address': {
    addons: [addon({ module: moduleWith({ controllers: [StrayedController] }) })],
    faults: [
      'faulty: controller StrayedController serves api/v1/sales/things, outside of api/v1/faulty',
    ],
  },
  'a handler of an event that nobody it knows declares': {
    addons: [addon({ module: moduleWith({ providers: [StrayHandler] }) })],
    faults: ['faulty: StrayHandler.hear handles thing.happened, which nobody here declares'],
  },
  'an event restricted by a permission that nobody declares': {
    addons: [
      addon({
        events: [
          defineEvent<object>({
            ...{ name: 'thing.hidden', version: 1, summary: 'hidden from nobody' },
            restricted: { permission: 'faulty.thing.read', fields: ['what'] },
          }),
        ],
      }),
    ],
    faults: [
      'faulty: event thing.hidden is restricted by faulty.thing.read, which nobody here declares',
    ],
  },
  'a schedule without a method and a method without a schedule': {
    addons: [addon({ schedules: [Declared], module: moduleWith({ providers: [StrayWork] }) })],
    faults: [
      'faulty: schedule faulty.declared has no method',
      'faulty: StrayWork.work works faulty.undeclared, which is not declared',
    ],
  },
  'gauges without a method, without a name, undeclared, or read twice': {
    addons: [
      addon({
        gauges: [ReadTwice, { ...ReadTwice, name: 'ofitec_sales_things', labels: ['no-label'] }],
        module: moduleWith({ providers: [StrayGauges] }),
      }),
    ],
    faults: [
      'faulty: gauge ofitec_sales_things is not ofitec_faulty_<what>, with labels in snake_case',
      'faulty: gauge ofitec_faulty_things is read by 2 methods, not one',
      'faulty: gauge ofitec_sales_things is read by 0 methods, not one',
      'faulty: StrayGauges.third measures ofitec_faulty_others, which is not declared',
    ],
  },
  'alerts that are misnamed, claimed twice, deaf, endless or lead nowhere': {
    addons: [
      addon({
        alerts: [
          { ...OneAlert, type: 'WrongThing' },
          { ...OneAlert, runbook: 'ask somebody' },
          { ...OneAlert, type: 'thing.endless', goodSigns: 2 },
          { ...OneAlert, type: 'thing.deaf', raisedBy: [alertSignal(Unheard, () => [''])] },
          { ...OneAlert, type: 'thing.muting', inhibits: ['thing.never'] },
          OneAlert,
        ],
      }),
    ],
    faults: [
      'faulty: alert WrongThing is not <what>.<state>',
      'faulty: alert type thing.wrong is claimed twice',
      'faulty: alert thing.wrong names no runbook, a path of a .md',
      'faulty: alert thing.endless counts good signs, but nothing gives one',
      'faulty: alert thing.deaf listens to thing.happened, which nobody here declares',
      'faulty: alert thing.muting inhibits thing.never, which nobody here declares',
      'faulty: alert type thing.wrong is claimed twice',
    ],
  },
  'an alert and a command group that two addons claim': {
    addons: ['three', 'four'].map((name) =>
      addon({ name, alerts: [OneAlert], commands: [OneCommand], commandGroup: 'things' }),
    ),
    faults: ['three', 'four'].flatMap((name) => [
      `${name}: alert type thing.wrong is claimed twice`,
      `${name}: command group things is another addon’s, too`,
    ]),
  },
  'a first rule for a role on an entity that its owner does not rule': {
    addons: [
      addon({
        depends: [salesAddon],
        roles: { repartidor: { summary: 'brings clothes home', grants: [] } },
        rules: [unruled({ roles: ['repartidor'] }), unruled({ roles: [] })],
      }),
    ],
    faults: [
      'faulty: a record rule limits Order, which is not its own',
      'faulty: a record rule limits Order, which is not its own',
    ],
  },
  'a record rule over somebody else’s entity': {
    addons: [
      addon({
        rules: [recordRule({ entity: StrayTable, summary: 'stray', where: () => ({ name: 'x' }) })],
      }),
    ],
    faults: ['faulty: a record rule limits StrayTable, which is not its own'],
  },
};

/** A rule over the orders, which `sales` itself does not rule by role. */
function unruled({ roles }: { roles: string[] }): RecordRule {
  const entity = salesAddon.entities.find((each) => each.name === 'Order') ?? StrayTable;
  return { entity, summary: 'stray', roles, where: () => 'everything' };
}

function claimant(name: string): Addon {
  return addon({
    name,
    events: [SameEvent],
    settings: { THING_IS_ON: booleanSetting('twice', true) },
    config: { THING_SECONDS: integer({ summary: 'twice', fallback: 1, min: 1, max: 9 }) },
  });
}
