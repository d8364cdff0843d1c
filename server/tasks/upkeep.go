package tasks

import "github.com/microtracker/microtracker/server/jobs"

func (w *worker) registerUpkeep(*jobs.Registry) {}
