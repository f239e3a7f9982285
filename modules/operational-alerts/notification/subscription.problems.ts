import { defineProblem } from '#kernel';

export const SubscriptionRefused = defineProblem({
  code: 'operational-alerts.subscription-refused',
  status: 422,
  title: {
    es: 'La suscripción no sirve así',
    en: 'The subscription does not work like that',
  },
});

export const SubscriptionNameTaken = defineProblem({
  code: 'operational-alerts.subscription-name-taken',
  status: 409,
  title: { es: 'Otra suscripción ya tiene ese nombre', en: 'Another subscription has that name' },
  constraints: ['operational_alerts_subscription_name_key'],
});

export const TooManySubscriptions = defineProblem({
  code: 'operational-alerts.too-many-subscriptions',
  status: 409,
  title: {
    es: 'La empresa ya tiene 50 suscripciones',
    en: 'The company has 50 subscriptions already',
  },
});
