/** Why a release stops, and the way out. Whatever stops it, the same command goes on later. */
export class Refusal extends Error {}
