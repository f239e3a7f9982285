import { Injectable, Logger } from '@nestjs/common';
import {
  Clock,
  Config,
  Database,
  Events,
  isId,
  newId,
  noteClaim,
  Problem,
  Records,
  runAsHouse,
} from '#kernel';
import { SiiAdapters } from './adapters.service.js';
import { connectorConfig } from './connector.config.js';
import { SiiConnector } from './connector.entity.js';
import { WebhookReceived } from './connector.events.js';
import { subjectOf } from './connector.service.js';
import { CourierService } from './courier.service.js';
import type { WebhookSubject } from './sii-adapter.js';
import { Submission } from './submission.entity.js';
import { WebhookNotSigned } from './webhook.problems.js';
import { webhookFault, webhookSecretsOf } from './webhook.signature.js';
import type { WebhookHeaders } from './webhook.signature.js';

interface Door {
  readonly companyId: string;
  readonly name: string;
  readonly secretRef: string | null;
}

const FIND = `SELECT company_id AS "companyId", name, webhook_secret_ref AS "secretRef"
  FROM sii_connector_find_webhook($1)`;

const REMEMBER = `INSERT INTO sii_connector_webhook (id, company_id, created_at, connector_id, webhook_id)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`;

/** Older ones are refused by their time already, unless they are signed anew. */
const FORGET = `DELETE FROM sii_connector_webhook
  WHERE company_id = $1 AND connector_id = $2 AND created_at < $3::timestamptz - interval '1 day'`;

/**
 * What partners send by themselves. A webhook says that there is news and nothing more: what became
 * of a submission is read from the partner by the worker, so that webhooks may come late, twice, in
 * any order and before our own request was answered.
 */
@Injectable()
export class WebhookService {
  private readonly log = new Logger('sii-connector');

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly adapters: SiiAdapters,
    private readonly courier: CourierService,
  ) {}

  /**
   * Takes a webhook, once; a second one of the same name is taken and does nothing.
   *
   * @param body the text that was signed
   * @throws Problem WebhookNotSigned
   */
  async take(connectorId: string, headers: WebhookHeaders, body: string): Promise<void> {
    const [door] = isId(connectorId)
      ? await this.database.rowsWithoutCompany<Door>(FIND, [connectorId])
      : [];
    if (!door) throw new Problem(WebhookNotSigned);
    const { SII_PARTNER_WEBHOOK_SECRETS } = this.config.of(connectorConfig);
    const secrets = webhookSecretsOf(SII_PARTNER_WEBHOOK_SECRETS, door.secretRef);
    const fault = webhookFault(secrets, headers, body, this.clock.now());
    if (fault !== null) {
      const subject = { type: 'sii-connector.connector', id: connectorId, label: door.name };
      noteClaim({ companyId: door.companyId, subject });
      this.log.warn({ message: 'a webhook was refused', connectorId, fault });
      throw new Problem(WebhookNotSigned);
    }
    await runAsHouse(door.companyId, 'sii-connector.webhook', () =>
      this.database.transaction(() => this.note(connectorId, headers.id, body)),
    );
  }

  private async note(connectorId: string, webhookId: string, body: string): Promise<void> {
    const { companyId } = this.database;
    const now = this.clock.now();
    await this.database.change(FORGET, [companyId, connectorId, now]);
    const values = [newId(), companyId, now, connectorId, webhookId];
    if ((await this.database.change(REMEMBER, values)) === 0) return;
    const connector = await this.records.get(SiiConnector, connectorId);
    const about = this.subjectIn(connector, body);
    const submission = about ? await this.find(connectorId, about) : null;
    await this.events.publish(WebhookReceived, {
      subject: subjectOf(connector),
      payload: { connectorId, webhookId, submissionId: submission?.id ?? null },
    });
  }

  private subjectIn(connector: SiiConnector, body: string): WebhookSubject | null {
    try {
      const read: unknown = JSON.parse(body);
      const adapter = this.adapters.of(connector.kind);
      return adapter.subjectOf(this.courier.targetOf(connector), read);
    } catch {
      // It was signed and tells nothing that is understood: all that is open is asked about.
      return null;
    }
  }

  private async find(
    connectorId: string,
    { key, externalId }: WebhookSubject,
  ): Promise<Submission | null> {
    for (const where of [{ key }, { externalId }]) {
      const [value] = Object.values(where);
      if (typeof value !== 'string') continue;
      const found = await this.records.all(Submission, { connectorId, ...where });
      const open = found.find(({ isOpen }) => isOpen) ?? found[0];
      if (open) return open;
    }
    return null;
  }
}
