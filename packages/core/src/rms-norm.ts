export interface RMSNorm {}
