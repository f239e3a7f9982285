import { ApiProperty } from '@nestjs/swagger';
import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  pick,
  TextField,
  WordsField,
} from '#kernel';
import { HEALTHS } from './connector.entity.js';
import type { SiiConnector } from './connector.entity.js';
import type { PartnerMapping } from './mapping.js';
import type { Capability } from './sii-adapter.js';

export class ConnectorView {
  @IdField()
  id!: string;

  @TextField({ max: 60 })
  name!: string;

  @TextField({ max: 40 })
  kind!: string;

  @BooleanField()
  active!: boolean;

  @TextField({ max: 500, nullable: true })
  notes!: string | null;

  @WordsField({ maxItems: 10, max: 20, description: 'what it can do: export, submit, status …' })
  capabilities!: Capability[];

  @TextField({ max: 300, nullable: true })
  baseUrl!: string | null;

  @TextField({ max: 40, nullable: true, description: 'name of its secret, never the secret' })
  secretRef!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  statuses!: Readonly<Record<string, string>>;

  @ApiProperty({ type: 'object', additionalProperties: true })
  mapping!: PartnerMapping;

  @TextField({ max: 40, nullable: true, description: 'name of its webhooks’ secrets' })
  webhookSecretRef!: string | null;

  @ChoiceField(HEALTHS)
  health!: string;

  @InstantField({ nullable: true })
  healthAt!: string | null;

  @TextField({ max: 300, nullable: true })
  healthDetail!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(
    this: void,
    connector: SiiConnector,
    capabilities: readonly Capability[],
  ): ConnectorView {
    return {
      ...pick(connector, 'id', 'name', 'kind', 'active', 'notes', 'baseUrl', 'secretRef'),
      ...pick(connector, 'statuses', 'mapping', 'webhookSecretRef'),
      ...pick(connector, 'health', 'healthDetail', 'version'),
      capabilities: [...capabilities],
      healthAt: connector.healthAt?.toISOString() ?? null,
      createdAt: connector.createdAt.toISOString(),
    };
  }
}
