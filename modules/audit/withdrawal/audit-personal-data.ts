import { Injectable } from '@nestjs/common';
import { Database, Events, newId, PersonalData } from '#kernel';
import type { Erased, HeldRecords, Person, PersonalSubjects } from '#kernel';
import { LogRedacted } from './withdrawal.events.js';
import { digestOf, replacing, WithdrawalStore } from './withdrawal-store.js';

const HISTORY = `SELECT created_at, action, actor_login, subject_type, subject_label, reason, changes, payload
  FROM kernel_event WHERE company_id = $1 AND subject_type = $2 AND subject_id = ANY($3)
  ORDER BY created_at, id LIMIT 100000`;

/**
 * What the event log says of a person. Events hold ids and amounts; only in reasons and the few texts that
 * addons name may somebody have written a name. Those are taken out, and what is left is vouched for.
 */
@Injectable()
export class AuditPersonalData extends PersonalData {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly withdrawals: WithdrawalStore,
  ) {
    super();
  }

  async held(_: Person, subjects: readonly PersonalSubjects[]): Promise<readonly HeldRecords[]> {
    const rows: Record<string, unknown>[] = [];
    for (const { type, ids } of subjects) {
      rows.push(
        ...(await this.database.rows<Record<string, unknown>>(HISTORY, [
          this.database.companyId,
          type,
          ids,
        ])),
      );
    }
    return [{ name: 'historial', title: 'Historial: qué se hizo, cuándo y quién', rows }];
  }

  async erase(_: Person, subjects: readonly PersonalSubjects[]): Promise<readonly Erased[]> {
    await this.withdrawals.lockSeal();
    const ids: string[] = [];
    for (const subject of subjects) {
      const rows = await this.database.rows<{ id: string }>(
        'SELECT audit_forget_texts($1, $2, $3) AS id',
        [subject.type, subject.ids, subject.texts],
      );
      ids.push(...rows.map(({ id }) => id));
    }
    if (ids.length > 0) await this.vouch(ids);
    return [{ what: 'texts in events of the log', count: ids.length, keptBy: null }];
  }

  private async vouch(ids: readonly string[]): Promise<void> {
    const id = newId();
    const changed = replacing(await this.withdrawals.sealedIn(ids));
    await this.withdrawals.add(id, changed);
    const { companyId } = this.database;
    await this.events.publish(LogRedacted, {
      id,
      subject: { type: 'audit.chain', id: companyId, label: `${ids.length} events` },
      payload: { events: ids.length, digest: digestOf(id, changed) },
    });
  }
}
