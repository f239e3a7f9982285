import type { Type } from '@nestjs/common';
import type { RecordRule } from '../access/record-rule.js';
import type { EventDefinition } from '../events/event.js';
import type { RetentionClass } from '../events/retention.js';
import type { PersonalData } from '../privacy/personal-data.js';
import type { CompanyRow } from '../database/entity.js';
import type { AlertDefinition } from '../alerts/alert.js';
import { Problem } from '../http/problem.js';
import { AddonAbsent } from '../http/problems.js';
import { holdsPersonalData } from './absence.js';
import { tablePrefix } from './addon.js';
import type { Addon } from './addon.js';
import type { InstalledAddon } from './installed.js';
import type { SettingDefinition } from './setting.js';
import { readingOf } from './reading.js';
import { providersOf, tableOf } from './verify.js';

/** What the composed addons declare, looked up by name. */
export class AddonRegistry {
  private readonly events: ReadonlyMap<string, EventDefinition>;

  /** @param absent installed by a newer release, and not at hand */
  constructor(
    readonly addons: readonly Addon[],
    readonly absent: readonly InstalledAddon[] = [],
  ) {
    this.events = new Map(addons.flatMap(({ events }) => events.map((each) => [each.name, each])));
  }

  /** The definition of an event by its name; null when no composed addon declares it. */
  event(name: string): EventDefinition | null {
    return this.events.get(name) ?? null;
  }

  /** The events' names by how long they are kept; one that nobody declares any more is in none. */
  retentionOf(kept: RetentionClass): string[] {
    return this.addons.flatMap(({ events, retention }) =>
      events
        .map(({ name }) => name)
        .filter((name) => (retention.except?.[name] ?? retention.events) === kept),
    );
  }

  /**
   * What holds personal data of customers, dependencies first.
   *
   * @throws Problem AddonAbsent while an addon holds some that is not at hand: half would be copied, or erased
   */
  get personalData(): readonly Type<PersonalData>[] {
    const absent = this.absent.find(holdsPersonalData);
    if (absent) throw new Problem(AddonAbsent, { detail: { es: absent.name, en: absent.name } });
    return this.addons.flatMap((addon) => addon.personalData);
  }

  /** The name of the addon that provides the class; the kernel provides what no addon does. */
  ownerOf(provider: unknown): string {
    const owner = this.addons.find((addon) => providersOf(addon).some((each) => each === provider));
    return owner?.name ?? 'kernel';
  }

  /** Every permission and its meaning. */
  get permissions(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.addons.map((addon) => addon.permissions)) as Record<
      string,
      string
    >;
  }

  /** Every role and what it is for. */
  get roles(): Readonly<Record<string, string>> {
    const roles: Record<string, string> = {};
    for (const addon of this.addons) {
      for (const [role, { summary }] of Object.entries(addon.roles)) {
        if (summary) roles[role] = summary;
      }
    }
    return roles;
  }

  /** What the roles may do, all addons' grants together. */
  permissionsOf(roles: readonly string[]): ReadonlySet<string> {
    return new Set(
      this.addons.flatMap((addon) => roles.flatMap((role) => addon.roles[role]?.grants ?? [])),
    );
  }

  /** What a subject's type (`payments.cash_session`) names: the entity, and what reading one demands. */
  kindOf(type: string): { entity: Type<CompanyRow>; reading: string | null } | null {
    for (const addon of this.addons) {
      const prefix = `${tablePrefix(addon)}_`;
      const entity = addon.entities.find(
        (each) => `${addon.name}.${tableOf(each).slice(prefix.length)}` === type,
      );
      if (entity) return { entity: entity as Type<CompanyRow>, reading: readingOf(addon, type) };
    }
    return null;
  }

  /** The roles that are granted the permission, by name. */
  rolesWith(permission: string): string[] {
    const grants = this.addons.flatMap((addon) => Object.entries(addon.roles));
    const found = grants.filter(([, { grants: names }]) => names.includes(permission));
    return [...new Set(found.map(([role]) => role))].sort();
  }

  get rules(): readonly RecordRule[] {
    return this.addons.flatMap((addon) => addon.rules);
  }

  /** Every type of alert. */
  get alerts(): readonly AlertDefinition[] {
    return this.addons.flatMap((addon) => addon.alerts);
  }

  get settings(): Readonly<Record<string, SettingDefinition>> {
    return Object.assign({}, ...this.addons.map((addon) => addon.settings)) as Record<
      string,
      SettingDefinition
    >;
  }
}
