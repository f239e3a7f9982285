import { defineEvent } from '#kernel';

export const FigureEntered = defineEvent<{
  figureId: string;
  kind: string;
  period: string;
  value: number;
}>({
  name: 'figure.entered',
  version: 1,
  summary: 'a dated figure (UTM, a rate) was entered or corrected, with its source',
});
