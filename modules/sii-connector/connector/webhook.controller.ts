import { Controller, Headers, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { AnswersNothing, Public, RawBody, TakesRaw } from '#kernel';
import { WebhookNotSigned } from './webhook.problems.js';
import { WebhookService } from './webhook.service.js';

const STANDARD = 'as Standard Webhooks has it';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/connectors')
export class WebhookController {
  constructor(private readonly webhooks: WebhookService) {}

  /** Public: a partner has a secret to sign with and no account. */
  @Post(':connectorId/webhook')
  @Public()
  @TakesRaw()
  @ApiHeader({ name: 'webhook-id', required: true, description: STANDARD })
  @ApiHeader({ name: 'webhook-timestamp', required: true, description: STANDARD })
  @ApiHeader({ name: 'webhook-signature', required: true, description: STANDARD })
  @AnswersNothing(WebhookNotSigned)
  async take(
    @Param('connectorId') connectorId: string,
    @RawBody() body: string,
    @Headers('webhook-id') webhookId = '',
    @Headers('webhook-timestamp') timestamp = '',
    @Headers('webhook-signature') signature = '',
  ): Promise<void> {
    return this.webhooks.take(connectorId, { id: webhookId, timestamp, signature }, body);
  }
}
