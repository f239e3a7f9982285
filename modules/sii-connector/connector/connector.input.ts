import { CodedField } from '../tables/coded-field.js';
import { BooleanField, IdField, JsonField, TextField } from '#kernel';

const KIND = /^[a-z][a-z0-9-]{1,39}$/;
const SECRET_REF = /^[a-z][a-z0-9-]{0,39}$/;

export class CreateConnector {
  @TextField({ max: 60 })
  name!: string;

  @CodedField('manual', {
    max: 40,
    pattern: KIND,
    description: 'manual, partner, or an outside addon’s own',
  })
  kind!: string;

  @BooleanField({ optional: true })
  active?: boolean;

  @TextField({ max: 500, optional: true })
  notes?: string;

  @TextField({ max: 300, optional: true, description: 'of one of SII_PARTNER_HOSTS' })
  baseUrl?: string;

  @CodedField('prueba', {
    max: 40,
    pattern: SECRET_REF,
    optional: true,
    description: 'a name in SII_PARTNER_SECRETS',
  })
  secretRef?: string;

  @JsonField({ description: 'the partner’s words to accepted, needs_action, filed, rejected' })
  statuses?: unknown;

  @JsonField({ description: 'where the partner’s JSON says what, as JSON pointers' })
  mapping?: unknown;

  @CodedField('prueba', {
    max: 40,
    pattern: SECRET_REF,
    optional: true,
    description: 'a name in SII_PARTNER_WEBHOOK_SECRETS',
  })
  webhookSecretRef?: string;
}

export class EditConnector {
  @BooleanField({ optional: true })
  active?: boolean;

  @TextField({ max: 500, optional: true, nullable: true })
  notes?: string | null;

  @TextField({ max: 300, optional: true, nullable: true })
  baseUrl?: string | null;

  @TextField({ max: 40, pattern: SECRET_REF, optional: true, nullable: true })
  secretRef?: string | null;

  @JsonField()
  statuses?: unknown;

  @JsonField()
  mapping?: unknown;

  @TextField({ max: 40, pattern: SECRET_REF, optional: true, nullable: true })
  webhookSecretRef?: string | null;
}

export class SendReturn {
  @IdField({ description: 'an active connector that can submit' })
  connectorId!: string;
}
