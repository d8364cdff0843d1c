package main

import "context"

func foreignKeys(ctx context.Context, b *bench) ([]row, error) { return nil, nil }
func batches(ctx context.Context, b *bench) ([]row, error)     { return nil, nil }
func bigTable(ctx context.Context, b *bench) ([]row, error)    { return nil, nil }
