// Tells classes from functions, which a program may confuse where either could stand.

/** Was this written as a class? Only a class cannot be called; nothing but its text tells. */
export function hasClassSyntax(value: unknown): value is abstract new (...parameters: never[]) => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}
