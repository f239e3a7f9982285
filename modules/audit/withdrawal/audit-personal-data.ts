import { Injectable } from '@nestjs/common';
import { Database, Events, newId, PersonalData } from '#kernel';
import type { Erased, HeldRecords, HeldRow, Mention, Person, PersonalSubjects } from '#kernel';
import { LogRedacted } from './withdrawal.events.js';
import { digestOf, replacing, WithdrawalStore } from './withdrawal-store.js';

const HISTORY = `SELECT created_at, action, actor_login, subject_type, subject_label, reason, changes, payload
  FROM kernel_event WHERE company_id = $1 AND subject_type = $2 AND subject_id = ANY($3)
  ORDER BY created_at, id`;

const SUBJECTS = `SELECT subject_type AS type, array_agg(DISTINCT subject_id) AS ids FROM kernel_event
  WHERE company_id = $1 AND id = ANY($2) GROUP BY subject_type ORDER BY subject_type`;

/** Fields of events that hold what somebody wrote, whatever addon they are of. */
const TEXTS: readonly string[] = ['reason', 'note', 'notes', 'reference', 'label', 'detail'];

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
    const rows = this.history(subjects);
    return [{ name: 'historial', title: 'Historial: qué se hizo, cuándo y quién', rows }];
  }

  private async *history(subjects: readonly PersonalSubjects[]): AsyncGenerator<HeldRow> {
    for (const { type, ids } of subjects) {
      yield* this.database.each<HeldRow>(HISTORY, [this.database.companyId, type, ids]);
    }
  }

  async erase(_: Person, subjects: readonly PersonalSubjects[]): Promise<readonly Erased[]> {
    const count = await this.forget(subjects);
    return [{ what: 'texts in events of the log', count, keptBy: null }];
  }

  /** What was said of a record with a name in it leaves all of that record's events. */
  override async redact(mentions: readonly Mention[]): Promise<readonly Mention[]> {
    const ours = mentions.filter(({ where }) => where.startsWith('kernel_event.'));
    if (ours.length === 0) return [];
    const subjects = await this.database.rows<Omit<PersonalSubjects, 'texts'>>(SUBJECTS, [
      ...[this.database.companyId, ours.map(({ id }) => id)],
    ]);
    await this.forget(subjects.map((each) => ({ ...each, texts: TEXTS })));
    return ours;
  }

  private async forget(subjects: readonly PersonalSubjects[]): Promise<number> {
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
    return ids.length;
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
