import { defineProblem } from '#kernel';

export const FlowNotExpected = defineProblem({
  code: 'treasury.flow-not-expected',
  status: 409,
  title: {
    es: 'El movimiento ya no está por venir',
    en: 'The flow is not expected any more',
  },
});

export const FlowHasOwner = defineProblem({
  code: 'treasury.flow-has-owner',
  status: 422,
  title: {
    es: 'Ese movimiento lo lleva otro registro: cámbielo allí',
    en: 'Another record keeps this flow: change it there',
  },
});

export const FlowInFuture = defineProblem({
  code: 'treasury.flow-in-future',
  status: 422,
  title: { es: 'Ese día todavía no llega', en: 'That day has not come yet' },
});
