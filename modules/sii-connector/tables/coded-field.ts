import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '#kernel';

/** A text of a certain form, with an example of it in the OpenAPI document. */
export function CodedField(
  example: string,
  options: Parameters<typeof TextField>[0],
): PropertyDecorator {
  return applyDecorators(TextField(options), ApiProperty({ examples: [example] }));
}
