/**
 * What is remembered of an object for as long as it lives, on the object itself: not listed among its properties, and not copied with them.
 * A `WeakMap` says the same, but the garbage collector looks at each of its entries at every collection: with some thousands of callers
 * known in ten such maps, that alone stops everybody for tens of milliseconds.
 */

type Holding<A> = Readonly<Record<symbol, A>>

export class Memo<Owner extends object, A> {
  private readonly key = Symbol("memo")
  /** Of objects that take no more properties. */
  private readonly sealed = new WeakMap<Owner, A>()

  get(owner: Owner): A | undefined {
    return this.isOn(owner) ? owner[this.key] : this.sealed.get(owner)
  }

  has(owner: Owner): boolean {
    return this.isOn(owner) || this.sealed.has(owner)
  }

  set(owner: Owner, value: A): void {
    if (!this.isOn(owner) && !Object.isExtensible(owner)) this.sealed.set(owner, value)
    else Object.defineProperty(owner, this.key, { value, enumerable: false, configurable: true, writable: true })
  }

  // A key of its own is on nothing but what `set` put it on; one that was inherited would be another object's.
  private isOn(owner: Owner): owner is Owner & Holding<A> {
    return Object.hasOwn(owner, this.key)
  }
}
