import { Injectable } from '@nestjs/common';
import { AddonRegistry, Database, Events, NotFound, Problem, Records } from '#kernel';
import type { SettingDefinition, SettingValue } from '#kernel';
import { Setting } from './setting.entity.js';
import { SettingChanged } from './setting.events.js';
import { SettingValueRefused } from './setting.problems.js';
import type { SettingView } from './setting.view.js';

/** The company's settings: every one that an installed addon declares, chosen or by default. */
@Injectable()
export class SettingService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
  ) {}

  /** The value in force. @throws Problem NotFound for a name that no addon declares */
  async value<T extends SettingValue>(name: string): Promise<T> {
    return this.database.transaction(async () => {
      const { fallback } = this.definition(name);
      const chosen = await this.records.find(Setting, { name });
      return (chosen?.value ?? fallback) as T;
    });
  }

  async list(): Promise<{ items: SettingView[] }> {
    return this.database.transaction(async () => {
      const chosen = await this.records.all(Setting, {});
      const items = Object.keys(this.registry.settings)
        .sort()
        .map((name) =>
          this.view(
            name,
            chosen.find((setting) => setting.name === name),
          ),
        );
      return { items };
    });
  }

  async show(name: string): Promise<SettingView> {
    return this.database.transaction(async () =>
      this.view(name, await this.records.find(Setting, { name })),
    );
  }

  /** @throws Problem SettingValueRefused, Stale */
  async put(name: string, value: unknown, version: number): Promise<SettingView> {
    const definition = this.definition(name);
    const refusal = definition.refuse(value);
    if (refusal) throw new Problem(SettingValueRefused, { detail: refusal });
    return this.database.transaction(async () => {
      await this.database.lockName(`base.setting ${this.database.companyId} ${name}`);
      const known = await this.records.find(Setting, { name }, 'update');
      this.records.matchVersion(known ?? { version: 0 }, version);
      const before = known?.value ?? definition.fallback;
      if (known && before === value) return this.view(name, known);
      const chosen = await this.choose(known, name, value as SettingValue);
      await this.events.publish(SettingChanged, {
        subject: { type: 'base.setting', id: chosen.id, label: name },
        payload: { name },
        changes: { value: { before, after: value } },
      });
      return this.view(name, chosen);
    });
  }

  private async choose(known: Setting | null, name: string, value: SettingValue): Promise<Setting> {
    if (!known) return this.records.insert(Setting, { name, value });
    known.value = value;
    await this.records.store(known);
    return known;
  }

  private view(name: string, chosen: Setting | null | undefined): SettingView {
    const { summary, fallback } = this.definition(name);
    const version = chosen?.version ?? 0;
    return { name, summary, value: chosen?.value ?? fallback, fallback, version };
  }

  private definition(name: string): SettingDefinition {
    const found = Object.hasOwn(this.registry.settings, name) && this.registry.settings[name];
    if (!found) throw new Problem(NotFound);
    return found;
  }
}
