import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage, Sensitive } from '#kernel';
import type { Page } from '#kernel';
import { UnknownAlertType } from '../alert/alert.problems.js';
import { notificationList, NotificationService } from './notification.service.js';
import { CreateSubscription, EditSubscription } from './subscription.input.js';
import {
  SubscriptionNameTaken,
  SubscriptionRefused,
  TooManySubscriptions,
} from './subscription.problems.js';
import { subscriptionList, SubscriptionService } from './subscription.service.js';
import {
  NotificationView,
  SubscriptionCreatedView,
  SubscriptionView,
} from './subscription.view.js';

@ApiTags('operational-alerts')
@Controller('api/v1/operational-alerts')
export class SubscriptionController {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly notifications: NotificationService,
  ) {}

  @Get('subscriptions')
  @Allow('operational-alerts.subscription.read')
  @Lists(SubscriptionView, subscriptionList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<SubscriptionView>> {
    return mapPage(await this.subscriptions.list(query), SubscriptionView.of);
  }

  @Get('subscriptions/:id')
  @Allow('operational-alerts.subscription.read')
  @Answers(SubscriptionView)
  async show(@Id() id: string): Promise<SubscriptionView> {
    return SubscriptionView.of(await this.subscriptions.show(id));
  }

  @Post('subscriptions')
  @Allow('operational-alerts.subscription.edit')
  @Sensitive()
  @Creates(
    SubscriptionCreatedView,
    ...[SubscriptionRefused, SubscriptionNameTaken, TooManySubscriptions, UnknownAlertType],
  )
  async create(@Body() input: CreateSubscription): Promise<SubscriptionCreatedView> {
    const { subscription, secret } = await this.subscriptions.create(input);
    return { ...SubscriptionView.of(subscription), secret };
  }

  @Patch('subscriptions/:id')
  @Allow('operational-alerts.subscription.edit')
  @Sensitive()
  @Edits(SubscriptionView, SubscriptionRefused, SubscriptionNameTaken, UnknownAlertType)
  async edit(
    @Id() id: string,
    @Body() input: EditSubscription,
    @IfMatch() version: number,
  ): Promise<SubscriptionView> {
    return SubscriptionView.of(await this.subscriptions.edit(id, input, version));
  }

  @Get('notifications')
  @Allow('operational-alerts.subscription.read')
  @Lists(NotificationView, notificationList)
  async sent(@Query() query: Record<string, unknown>): Promise<Page<NotificationView>> {
    return mapPage(await this.notifications.list(query), NotificationView.of);
  }
}
