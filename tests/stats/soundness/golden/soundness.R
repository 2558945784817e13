# What R says of trends (lm and metafor), of one agent against the floor (fisher.test), of tables (chisq.test).
# Debian: apt-get install r-cran-metafor r-cran-jsonlite.  Rscript soundness.R > soundness.json
suppressMessages({library(metafor); library(jsonlite)})

trends <- list(
  restless = list(
    at = 1:10, effect = c(0.09, 0.02, 0.07, -0.01, 0.04, 0.03, -0.02, 0.02, 0.00, 0.01), variance = c(3:7, 3:7) / 1e4
  ),
  calm = list(
    at = c(1, 2.4, 5.3, 10.9, 22.3), effect = c(0.01, 0.021, 0.028, 0.041, 0.049), variance = c(9, 7, 8, 11, 15) / 1e5
  )
)
slope <- function(case) {
  fit <- lm(effect ~ log(at), weights = 1 / variance, data = case)
  seen <- summary(fit)
  fixed <- rma(yi = effect, vi = variance, mods = ~ log(at), data = case, method = "FE")
  c(case, list(
    slope = unname(coef(fit)[2]), lm_error = seen$coefficients[2, 2], lm_p = seen$coefficients[2, 4],
    unrest = seen$sigma^2, fixed_error = fixed$se[2],
    overall = as.numeric(rma(yi = effect, vi = variance, data = case, method = "FE")$b)
  ))
}

floors <- list(
  plain = list(agents = rbind(c(40, 9), c(55, 2), c(61, 3), c(20, 0)), odds = 1),
  tolerant = list(agents = rbind(c(40, 9), c(55, 2), c(61, 3), c(20, 0)), odds = 2)
)
against_others <- function(case) {
  p <- sapply(1:4, function(i) {
    own <- case$agents[i, ]
    rest <- colSums(case$agents[-i, ])
    table <- rbind(c(own[2], own[1] - own[2]), c(rest[2], rest[1] - rest[2]))
    fisher.test(table, or = case$odds, alternative = "greater")$p.value
  })
  c(case, list(p = p, adjusted = p.adjust(p, "holm")))
}

table <- rbind(c(120, 80, 41), c(98, 95, 60))
found <- chisq.test(table, correct = FALSE)
small <- rbind(c(5, 1, 3), c(1, 4, 4))
cat(toJSON(list(
  trends = lapply(trends, slope), floors = lapply(floors, against_others),
  table = list(counts = table, p = found$p.value), small = list(counts = small, p = fisher.test(small)$p.value),
  crossing = list(n = 400, x = 7, tolerated = 0.005, p = binom.test(7, 400, 0.005, "greater")$p.value,
    at_least = binom.test(7, 400, 0.005, "greater")$conf.int[1])
), digits = I(15), auto_unbox = TRUE, pretty = TRUE), "\n")
