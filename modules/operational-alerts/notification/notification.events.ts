import { defineEvent } from '#kernel';

export const NotificationRequested = defineEvent<{
  readonly notificationId: string;
  readonly subscriptionId: string;
  readonly alertIds: readonly string[];
}>({
  name: 'notification.requested',
  version: 1,
  summary: 'a message about alerts is on its way to a subscription',
});

export const SubscriptionCreated = defineEvent<{ subscriptionId: string }>({
  name: 'subscription.created',
  version: 1,
  summary: 'somebody is told of alerts from now on; the secret is never in the event',
});

export const SubscriptionChanged = defineEvent<{ subscriptionId: string }>({
  name: 'subscription.changed',
  version: 1,
  summary: 'who is told of which alerts, how or when, changed',
});
