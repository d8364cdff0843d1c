/** Returns a random UUID, version 4. */
export function uuid(): string {
  // Browsers offer randomUUID on secure origins only; plain http must be counted too.
  return crypto.randomUUID
    ? crypto.randomUUID()
    : "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (digit) => {
        const nibble = crypto.getRandomValues(new Uint8Array(1))[0]! & 15;
        return (digit === "y" ? (nibble & 3) | 8 : nibble).toString(16);
      });
}
